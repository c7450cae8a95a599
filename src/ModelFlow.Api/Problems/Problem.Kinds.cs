using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using ModelFlow.Api.Access;
using ModelFlow.Core;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Problems;

/// <content>Every kind of problem; docs/http-api.md lists the same.</content>
public sealed partial record Problem
{
    private const string CorrectFields = "Correct the named fields and send the request again.";

    /// <summary>Fields are wrong.</summary>
    public static Problem Invalid(IReadOnlyList<FieldError> errors) => new("invalid-request", StatusCodes.Status400BadRequest, "The request is not valid.", string.Join(" ", errors), CorrectFields) { Errors = errors };

    /// <summary>One field is wrong.</summary>
    public static Problem Invalid(string path, string message) => Invalid([new FieldError(path, message)]);

    /// <summary>The request as such is wrong.</summary>
    public static Problem Malformed(string detail) =>
        new("invalid-request", StatusCodes.Status400BadRequest, "The request is not valid.", detail, "Correct the request and send it again.");

    /// <summary>No valid token.</summary>
    public static Problem Unauthenticated(string? reason) => new(
        "unauthenticated", StatusCodes.Status401Unauthorized, "A valid token is needed.", reason ?? "The request has no token.",
        "Send 'Authorization: Bearer mf_…'; an admin makes tokens with POST /api/tokens or 'modelflow token create'.");

    /// <summary>A provider's answer that signs nobody in.</summary>
    public static Problem SignInFailed(string? reason) => new(
        "sign-in-failed", StatusCodes.Status401Unauthorized, "Signing in failed.", reason ?? "The provider's answer does not belong to a sign-in that this browser began here, was used before, is not valid, or refuses.",
        "Begin again on ModelFlow's page; if it fails again, the host's log says of what kind the failure is.");

    /// <summary>A request of a session that another site may have made the browser send.</summary>
    public static Problem MaybeForged(string detail) => new(
        "cross-site-request", StatusCodes.Status403Forbidden, "The request may come from another site.", detail,
        "With a session, send the header 'x-modelflow-request: 1' from ModelFlow's own page; programs send 'Authorization: Bearer mf_…' and no cookie.");

    /// <summary>The token lacks the role, or has it for other models than those of <paramref name="concern"/>.</summary>
    public static Problem Forbidden(string name, Role? needed, ModelScope? concern = null)
    {
        var roles = needed is { } role ? Enum.GetValues<Role>().Where(r => r.Includes(role)).Select(r => r.ToText()).ToList() : [];
        var over = concern switch
        {
            null => "",
            { Model: { } model } => $" for the model '{model}'",
            { } models when models == ModelScope.All => " for all models",
            { } models => $" for the models '{models}'",
        };
        return new(
            "forbidden", StatusCodes.Status403Forbidden, "The token may not do this.",
            roles.Count > 0 ? $"The token of '{name}' has none of the roles that may{over}: {string.Join(", ", roles)}." : $"The token of '{name}' may not do this.",
            "Use a token with the role, or ask an admin for one.")
        { Extra = new() { ["needs"] = new JsonArray([.. roles.Select(r => (JsonNode)r)]) } };
    }

    /// <summary>Something that does not exist.</summary>
    public static Problem NotFound(string what, string remedy) => new("not-found", StatusCodes.Status404NotFound, "There is no such thing.", what, remedy);

    /// <summary>A model without versions.</summary>
    public static Problem NoModel(ModelName model) => NotFound($"There is no model '{model}'.", "GET /api/models lists the models; a model exists once its first version is registered.");

    /// <summary>A version that is not registered.</summary>
    public static Problem NoVersion(ModelName model, string version) =>
        NotFound($"'{model}' has no version '{version}'.", $"GET /api/models/{model}/versions lists its versions.");

    /// <summary>A release that does not exist.</summary>
    public static Problem NoRelease(ReleaseId id) => NotFound($"There is no release '{id}'.", $"GET /api/releases?model={id.Model} lists the model's releases.");

    /// <summary>Nothing is live.</summary>
    public static Problem NoRoute(ModelName model) => Conflict("no-route", "The model has no live version.", $"No version of '{model}' is live yet.", "Release a first version.");

    /// <summary>A body beyond its limit.</summary>
    public static Problem BodyTooLarge(long limit) => new(
        "body-too-large", StatusCodes.Status413PayloadTooLarge, "The body is too large.", $"The body has more than the {limit} bytes that are allowed here.", "Send less.")
    { Extra = new() { ["limitBytes"] = limit } };

    /// <summary>A body of another type.</summary>
    public static Problem UnsupportedMediaType(string accepted) => new(
        "unsupported-media-type", StatusCodes.Status415UnsupportedMediaType, "The body has the wrong type.", $"This route takes {accepted}.", $"Send the header 'Content-Type: {accepted.Split(',')[0]}' and such a body.");

    /// <summary>Too many failed authentications.</summary>
    public static Problem TooManyFailures(TimeSpan wait) => new(
        "too-many-failures", StatusCodes.Status429TooManyRequests, "Too many failed authentications.",
        "Too many failed authentications came from this address; the token was not looked at.", $"Wait {(int)Math.Ceiling(wait.TotalSeconds)} s and use a valid token.")
    { RetryAfter = wait };

    /// <summary>Too many requests of one identity.</summary>
    public static Problem TooManyRequests(string name, TimeSpan wait) => new(
        "too-many-requests", StatusCodes.Status429TooManyRequests, "Too many requests.", $"'{name}' sends more requests than one identity may.",
        $"Wait {(int)Math.Ceiling(wait.TotalSeconds)} s and send fewer; to follow a release, hold a request with 'wait' or read its stream of events.")
    { RetryAfter = wait };

    /// <summary>The state of things does not allow it.</summary>
    public static Problem Conflict(string code, string title, string detail, string remedy) => new(code, StatusCodes.Status409Conflict, title, detail, remedy);

    /// <summary>Somebody else changed the same thing.</summary>
    public static Problem Changed(string detail) => Conflict("conflict", "Something changed meanwhile.", detail, "Read again and repeat if it is still wanted.");

    /// <summary>The version may not be served.</summary>
    public static Problem Revoked(ModelName model, VersionName version, string reason) => Conflict(
        "revoked", "The version was revoked.", $"{model} {version} was revoked: {reason}", "Use another version; a revocation cannot be taken back.");

    /// <summary>The version's files are gone.</summary>
    public static Problem Deleted(ModelName model, VersionName version) => Conflict(
        "version-deleted", "The version's files were deleted.", $"The files of {model} {version} were deleted by the retention policy.", "Upload the files under a new version.");

    /// <summary>A release that takes no signals.</summary>
    public static Problem Over(ReleaseId id, Outcome outcome)
    {
        var text = System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(outcome.ToString());
        return Conflict("release-over", "The release has ended.", $"The release '{id}' has ended: {text}.", "Start another attempt with POST /api/releases, or roll back with POST /api/models/…/rollback.")
            with { Extra = new() { ["outcome"] = text } };
    }

    /// <summary>Infrastructure does not answer.</summary>
    public static Problem Unavailable(string detail) => new(
        "unavailable", StatusCodes.Status503ServiceUnavailable, "Something this needs does not answer.", detail, "Try again in a few seconds with the same request id.")
    { RetryAfter = TimeSpan.FromSeconds(5) };

    /// <summary>A stream more than the host holds at once.</summary>
    public static Problem TooManyStreams(int most) => new(
        "too-many-streams", StatusCodes.Status503ServiceUnavailable, "Too many streams are open.", $"This host holds {most} streams of events at once, and has as many.",
        "Try again in a few seconds, or read the list: the same address with 'Accept: application/json' and 'wait'.")
    { RetryAfter = TimeSpan.FromSeconds(5) };

    /// <summary>A bug.</summary>
    public static Problem Internal() => new(
        "internal", StatusCodes.Status500InternalServerError, "Something went wrong here.", "The request failed for a reason that is no fault of its own.", "Report the traceId: the host's log has the details.");

    /// <summary>The answer to a status that routing or the server set.</summary>
    internal static Problem? ForStatus(int status, HttpContext context) => status switch
    {
        StatusCodes.Status404NotFound => NotFound($"There is nothing at {context.Request.Method} {context.Request.Path}.", "GET /openapi/v1.json lists every route."),
        StatusCodes.Status405MethodNotAllowed => new("method-not-allowed", status, "The route does not take this method.", $"{context.Request.Path} does not take {context.Request.Method}.", $"Use {context.Response.Headers.Allow}."),
        StatusCodes.Status413PayloadTooLarge => new("body-too-large", status, "The body is too large.", "The body is larger than is allowed here.", "Send less."),
        StatusCodes.Status415UnsupportedMediaType => UnsupportedMediaType("application/json"),
        >= 400 and < 500 => new("invalid-request", status, "The request is not valid.", "The request could not be read.", "Correct the request and send it again."),
        _ => null,
    };
}
