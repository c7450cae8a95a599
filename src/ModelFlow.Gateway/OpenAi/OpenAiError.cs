using System.Text.Json.Serialization;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.OpenAi;

/// <summary>An error as OpenAI's clients read it: <c>{"error":{"message","type","param","code"}}</c>.</summary>
internal sealed record OpenAiError(OpenAiErrorDetail Error)
{
    /// <summary>A problem in that shape.</summary>
    public static OpenAiError Of(Problem problem) => new(new OpenAiErrorDetail(
        problem.Detail,
        problem.Status switch
        {
            StatusCodes.Status401Unauthorized => "authentication_error",
            StatusCodes.Status403Forbidden => "permission_error",
            StatusCodes.Status429TooManyRequests => "rate_limit_error",
            >= 500 => "server_error",
            _ => "invalid_request_error",
        },
        Param: null,
        problem.Status switch
        {
            StatusCodes.Status401Unauthorized => "invalid_api_key",
            StatusCodes.Status429TooManyRequests => "rate_limit_exceeded",
            _ => problem.Type.Replace('-', '_'),
        }));

    /// <summary>Whether a path is one of those that OpenAI's clients call: <c>/models/{model}/v1/…</c>.</summary>
    public static bool IsFor(string path) =>
        ModelOperation.TrySplit(path, out _, out var rest) && (rest is "/v1" || rest.StartsWith("/v1/", StringComparison.Ordinal));
}

/// <summary>What an <see cref="OpenAiError"/> says.</summary>
internal sealed record OpenAiErrorDetail(string Message, string Type, string? Param, string Code);

/// <summary>The models an OpenAI client sees: of each address, the one model it is for.</summary>
internal sealed record OpenAiModelList(IReadOnlyList<OpenAiModel> Data, string Object = "list");

/// <summary>A model as OpenAI's clients read it.</summary>
/// <param name="Id">Its public name.</param>
/// <param name="Created">When its route was made, in seconds since 1970.</param>
/// <param name="Object">What it is.</param>
/// <param name="OwnedBy">Who serves it.</param>
internal sealed record OpenAiModel(string Id, long Created, string Object = "model", string OwnedBy = "modelflow");

/// <summary>Serializes OpenAI's shapes without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(OpenAiError))]
[JsonSerializable(typeof(OpenAiModelList))]
[JsonSerializable(typeof(OpenAiModel))]
internal sealed partial class OpenAiJson : JsonSerializerContext;
