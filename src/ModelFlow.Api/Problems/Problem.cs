using System.Diagnostics;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Core;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Api.Problems;

/// <summary>An error answer as RFC 9457 problem details, with a remedy and, where fields are to blame, every one of them.</summary>
/// <param name="Code">The last part of <c>urn:modelflow:problem:…</c>, stable and made for programs.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Title">What kind of problem it is; the same for every one of its code.</param>
/// <param name="Detail">What is wrong this time.</param>
/// <param name="Remedy">What the caller can do.</param>
public sealed partial record Problem(string Code, int Status, string Title, string Detail, string Remedy) : IResult
{
    /// <summary>The media type of the answer.</summary>
    public const string MediaType = "application/problem+json";

    /// <summary>What every type begins with.</summary>
    public const string TypePrefix = "urn:modelflow:problem:";

    /// <summary>The fields to blame.</summary>
    public IReadOnlyList<FieldError> Errors { get; init; } = [];

    /// <summary>Further members, by name.</summary>
    public JsonObject Extra { get; init; } = [];

    /// <summary>When to try again.</summary>
    public TimeSpan? RetryAfter { get; init; }

    /// <inheritdoc/>
    public Task ExecuteAsync(HttpContext httpContext)
    {
        ArgumentNullException.ThrowIfNull(httpContext);
        var response = httpContext.Response;
        response.StatusCode = Status;
        if (RetryAfter is { } wait)
        {
            response.Headers.RetryAfter = ((int)Math.Ceiling(wait.TotalSeconds)).ToString();
        }

        if (Status == StatusCodes.Status401Unauthorized)
        {
            response.Headers.WWWAuthenticate = "Bearer realm=\"modelflow\"";
        }

        return response.WriteAsJsonAsync(ToJson(httpContext), CoreJson.Options, MediaType, httpContext.RequestAborted);
    }

    private JsonObject ToJson(HttpContext context)
    {
        var json = new JsonObject
        {
            ["type"] = TypePrefix + Code,
            ["title"] = Title,
            ["status"] = Status,
            ["detail"] = Detail,
            ["remedy"] = Remedy,
        };
        if (Errors.Count > 0)
        {
            json["errors"] = new JsonArray([.. Errors.Select(e => (JsonNode)new JsonObject { ["path"] = e.Path, ["message"] = e.Message })]);
        }

        foreach (var (name, value) in Extra)
        {
            json[name] = value?.DeepClone();
        }

        json["traceId"] = Activity.Current?.TraceId.ToString() ?? context.TraceIdentifier;
        return json;
    }
}
