using System.Text.Json.Nodes;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>What every answer owes, whatever was asked.</summary>
internal static class Answers
{
    private const string Everybody = "/api/health/";

    /// <summary>An error is complete problem details.</summary>
    public static void AssertProblem(HttpRequestMessage request, HttpResponseMessage response, string text)
    {
        if ((int)response.StatusCode >= 400 && !request.RequestUri!.OriginalString.StartsWith(Everybody, StringComparison.Ordinal))
        {
            AssertProblem($"{request.Method} {request.RequestUri}", (int)response.StatusCode, response.Content.Headers.ContentType?.MediaType, text);
        }
    }

    /// <summary>The same of an answer to <paramref name="what"/>.</summary>
    public static void AssertProblem(string what, int status, string? mediaType, string text)
    {
        Assert.True(mediaType == "application/problem+json", $"{what} answers {status} as {mediaType}: {text}");
        var problem = JsonNode.Parse(text)!;
        Assert.All(["type", "title", "detail", "remedy", "traceId"], member => Assert.False(string.IsNullOrWhiteSpace((string?)problem[member]), $"{member} is missing in {text}"));
        Assert.True(status == (int?)problem["status"], $"{what} answers {status} with {text}");
        Assert.DoesNotContain("   at ", text, StringComparison.Ordinal);
        Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
    }
}
