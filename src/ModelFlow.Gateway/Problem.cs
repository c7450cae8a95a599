using System.Text.Json;
using System.Text.Json.Serialization;
using ModelFlow.Gateway.OpenAi;

namespace ModelFlow.Gateway;

/// <summary>An error as clients see it: problem details (RFC 9457), or OpenAI's shape where its clients call. <see cref="None"/> is the answer 204.</summary>
internal sealed record Problem(string Type, string Title, int Status, string Detail)
{
    /// <summary>No error.</summary>
    public static readonly Problem None = new("", "", StatusCodes.Status204NoContent, "");

    public static Problem Invalid(string detail) => new("invalid-request", "The request is not valid.", StatusCodes.Status400BadRequest, detail);

    public static Problem Unauthenticated(string detail) => new("unauthenticated", "A valid key is needed.", StatusCodes.Status401Unauthorized, detail);

    public static Problem Forbidden(string detail) => new("forbidden", "The key may not do this.", StatusCodes.Status403Forbidden, detail);

    public static Problem NotFound(string detail) => new("not-found", "Not found.", StatusCodes.Status404NotFound, detail);

    public static Problem MethodNotAllowed(string detail) => new("method-not-allowed", "The method does not fit.", StatusCodes.Status405MethodNotAllowed, detail);

    public static Problem Gone(string detail) => new("feedback-closed", "It is too late for a mark.", StatusCodes.Status410Gone, detail);

    public static Problem Conflict(string detail) => new("conflict", "Something is there already.", StatusCodes.Status409Conflict, detail);

    public static Problem TooLarge(long limit) => new("body-too-large", "The body is too large.", StatusCodes.Status413PayloadTooLarge, $"At most {limit} bytes are taken.");

    public static Problem TooMany(string detail) => new("rate-limited", "Too many requests.", StatusCodes.Status429TooManyRequests, detail);

    public static Problem Overloaded(string detail) => new("overloaded", "Too much is under way.", StatusCodes.Status503ServiceUnavailable, detail);

    public static Problem UnsupportedEncoding(string detail) => new("unsupported-media-type", "The body cannot be read.", StatusCodes.Status415UnsupportedMediaType, detail);

    public static Problem Unavailable(string detail) => new("unavailable", "No version can answer now.", StatusCodes.Status503ServiceUnavailable, detail);

    public static Problem BadGateway(string detail) => new("bad-gateway", "The model server failed.", StatusCodes.Status502BadGateway, detail);

    public static Problem GatewayTimeout(string detail) => new("gateway-timeout", "The model server did not answer in time.", StatusCodes.Status504GatewayTimeout, detail);

    /// <summary>Writes the answer.</summary>
    public Task WriteAsync(HttpContext context)
    {
        context.Response.StatusCode = Status;
        if (Status == StatusCodes.Status204NoContent)
        {
            return Task.CompletedTask;
        }

        byte[] bytes;
        if (OpenAiError.IsFor(context.Request.Path.Value ?? ""))
        {
            context.Response.ContentType = "application/json";
            bytes = JsonSerializer.SerializeToUtf8Bytes(OpenAiError.Of(this), OpenAiJson.Default.OpenAiError);
        }
        else
        {
            context.Response.ContentType = "application/problem+json";
            bytes = JsonSerializer.SerializeToUtf8Bytes(new ProblemBody("urn:modelflow:problem:" + Type, Title, Status, Detail), ProblemJson.Default.ProblemBody);
        }

        context.Response.ContentLength = bytes.Length;
        return context.Response.Body.WriteAsync(bytes, context.RequestAborted).AsTask();
    }
}

/// <summary>The JSON of a problem.</summary>
internal sealed record ProblemBody(string Type, string Title, int Status, string Detail);

/// <summary>Serializes problems without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ProblemBody))]
internal sealed partial class ProblemJson : JsonSerializerContext;
