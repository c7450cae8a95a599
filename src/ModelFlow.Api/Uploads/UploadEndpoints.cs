using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Manifests;
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

        // A list of files that a manifest can hold fits in the manifest's own limit.
        uploads.MapPost("/grants", GrantAsync).Allow(Role.Uploader).OverModelInBody().WithMetadata(new BodyLimit(ManifestReader.MaxBytes))
            .WithSummary("Grants the upload of one version's files; the asker becomes its uploader.");
        uploads.MapGet("/refused", ListRefusedAsync).Allow(Role.Reader).Filtered().WithSummary("Refused uploads, newest first.");
    }

    private static async Task<Results<Created<GrantAnswer>, Problem>> GrantAsync(Body<GrantRequest> body, Caller caller, GrantUpload grants, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var model = fields.Model("model", body.Value.Model);
        var version = fields.Version("version", body.Value.Version);
        var files = fields.Files("files", body.Value.Files);
        var validFor = fields.OptionalDuration("validFor", body.Value.ValidFor, TimeSpan.FromMinutes(1), TimeSpan.FromHours(24)) ?? DefaultValidity;
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        switch (await grants.GrantAsync(model, version, files, validFor, takeOver: caller.Has(Role.Admin, model), requester, cancellationToken))
        {
            case UploadGrant.Granted granted:
                var addresses = granted.Addresses;
                return TypedResults.Created(
                    (string?)null,
                    new GrantAnswer(
                        model,
                        version,
                        $"{model}/{version}/",
                        [.. files.Zip(addresses.Files, (path, url) => new GrantedFile(path, url))],
                        new GrantedFile(ManifestReader.FileName, addresses.Manifest),
                        granted.ExpiresAt));
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

    private static async Task<Ok<ItemList<Refusal>>> ListRefusedAsync(string? limit, Caller caller, IUploadStore uploads, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var most = fields.Limit(limit);
        fields.Check();
        return TypedResults.Ok(new ItemList<Refusal>(await uploads.ListRefusalsAsync(cancellationToken).Where(r => caller.Sees(Reach.Parse(r.Upload.ManifestPath.Split('/')[0]))).Take(most).ToListAsync(cancellationToken)));
    }
}

/// <summary>Asks for an upload grant.</summary>
public sealed record GrantRequest : IConcernsModels
{
    /// <summary>The model.</summary>
    public string? Model { get; init; }

    /// <summary>The version.</summary>
    public string? Version { get; init; }

    /// <summary>The paths of the files to upload, 1 to 10,000, by the rules for a manifest's; <c>manifest.json</c> is always granted and not named.</summary>
    public IReadOnlyList<string?>? Files { get; init; }

    /// <summary>1 minute to 24 hours, for example <c>2h</c>, the default.</summary>
    public string? ValidFor { get; init; }

    /// <summary>Makes the request's audit entry idempotent.</summary>
    public string? RequestId { get; init; }

    string? IConcernsModels.Models => Model;
}

/// <summary>An upload grant.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="Prefix">Where in the container <c>incoming</c> the files lie.</param>
/// <param name="Files">An address for each file, in the order that was asked for.</param>
/// <param name="Manifest">The manifest's: put it last.</param>
/// <param name="ExpiresAt">When the addresses stop working.</param>
public sealed record GrantAnswer(ModelName Model, VersionName Version, string Prefix, IReadOnlyList<GrantedFile> Files, GrantedFile Manifest, DateTimeOffset ExpiresAt);

/// <summary>Where one file is put.</summary>
/// <param name="Path">Its path inside the version.</param>
/// <param name="Url">The blob's address with a signature that is good for this blob alone: a secret.</param>
public sealed record GrantedFile(string Path, Uri Url);
