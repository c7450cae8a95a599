using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Uploads;

/// <summary>Uploads: grants to put files, and what was refused.</summary>
internal static class UploadEndpoints
{
    private static readonly TimeSpan DefaultValidity = TimeSpan.FromHours(2);

    public static void MapUploads(this RouteGroupBuilder api)
    {
        var uploads = api.MapGroup("/uploads").WithTags("Uploads");
        uploads.MapPost("/grants", GrantAsync).Allow(Role.Uploader).WithSummary("Grants the upload of one version's files; the asker becomes its uploader.");
        uploads.MapGet("/refused", ListRefusedAsync).Allow(Role.Reader).WithSummary("Refused uploads, newest first.");
    }

    private static async Task<Results<Created<GrantAnswer>, Problem>> GrantAsync(Body<GrantRequest> body, Caller caller, GrantUpload grants, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var model = fields.Model("model", body.Value.Model);
        var version = fields.Version("version", body.Value.Version);
        var validFor = fields.OptionalDuration("validFor", body.Value.ValidFor, TimeSpan.FromMinutes(1), TimeSpan.FromHours(24)) ?? DefaultValidity;
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        switch (await grants.GrantAsync(model, version, validFor, takeOver: caller.Has(Role.Admin), requester, cancellationToken))
        {
            case UploadGrant.Granted granted:
                var prefix = $"{model}/{version}/";
                return TypedResults.Created((string?)null, new GrantAnswer(model, version, granted.Url, prefix, prefix + "manifest.json", granted.ExpiresAt));
            case UploadGrant.AlreadyRegistered:
                return Problem.Conflict("version-exists", "The version is registered.", $"{model} {version} is registered; its bytes never change.", "Upload under the next version.");
            case UploadGrant.GrantedToAnother other:
                return Problem.Conflict(
                    "granted-to-another", "Somebody else uploads this version.", $"'{other.Uploader}' has the upload grant of {model} {version}.",
                    "Use another version, let them upload, or have an admin ask for the grant.");
            case var unknown:
                throw new InvalidOperationException($"Unknown outcome {unknown}.");
        }
    }

    private static async Task<Ok<ItemList<Refusal>>> ListRefusedAsync(string? limit, IUploadStore uploads, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var most = fields.Limit(limit);
        fields.Check();
        return TypedResults.Ok(new ItemList<Refusal>(await uploads.ListRefusalsAsync(cancellationToken).Take(most).ToListAsync(cancellationToken)));
    }
}

/// <summary>Asks for an upload grant.</summary>
public sealed record GrantRequest
{
    /// <summary>The model.</summary>
    public string? Model { get; init; }

    /// <summary>The version.</summary>
    public string? Version { get; init; }

    /// <summary>1 minute to 24 hours, for example <c>2h</c>, the default.</summary>
    public string? ValidFor { get; init; }

    /// <summary>Makes the request's audit entry idempotent.</summary>
    public string? RequestId { get; init; }
}

/// <summary>An upload grant.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="Url">The container's address with a signature: a secret.</param>
/// <param name="Prefix">What every blob's name must begin with.</param>
/// <param name="Manifest">The blob to put last.</param>
/// <param name="ExpiresAt">When the grant stops working.</param>
public sealed record GrantAnswer(ModelName Model, VersionName Version, Uri Url, string Prefix, string Manifest, DateTimeOffset ExpiresAt);
