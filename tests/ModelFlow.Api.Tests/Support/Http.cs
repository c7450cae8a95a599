using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace ModelFlow.Api.Tests.Support;

/// <summary>Requests and answers of tests.</summary>
public static class Http
{
    public static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static Task<HttpResponseMessage> SendAsync(this HttpClient client, string method, string path, string? json = null, string contentType = "application/json", string? key = null)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), path);
        if (json is not null)
        {
            request.Content = new StringContent(json, Encoding.UTF8, contentType);
        }

        if (key is not null)
        {
            request.Headers.Add("Idempotency-Key", key);
        }

        return client.SendAsync(request, Cancel);
    }

    /// <summary>The answer's JSON, which must have this status.</summary>
    public static async Task<JsonNode> JsonAsync(this Task<HttpResponseMessage> sent, HttpStatusCode status = HttpStatusCode.OK)
    {
        using var response = await sent;
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        return JsonNode.Parse(text)!;
    }

    /// <summary>The answer must be complete problem details of this kind. Returns them.</summary>
    public static async Task<JsonNode> ProblemAsync(this Task<HttpResponseMessage> sent, HttpStatusCode status, string code)
    {
        using var response = await sent;
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(response.StatusCode == status, $"{(int)response.StatusCode}: {text}");
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        var problem = JsonNode.Parse(text)!;
        Assert.Equal($"urn:modelflow:problem:{code}", (string?)problem["type"]);
        Assert.Equal((int)status, (int?)problem["status"]);
        Assert.All(["title", "detail", "remedy", "traceId"], member => Assert.False(string.IsNullOrWhiteSpace((string?)problem[member]), $"{member} is missing in {text}"));
        return problem;
    }

    /// <summary>The problem must blame exactly these fields.</summary>
    public static async Task<JsonNode> BlamesAsync(this Task<HttpResponseMessage> sent, params string[] fields)
    {
        var problem = await sent.ProblemAsync(HttpStatusCode.BadRequest, "invalid-request");
        Assert.Equal(fields, problem["errors"]?.AsArray().Select(e => (string?)e!["path"]) ?? []);
        return problem;
    }
}
