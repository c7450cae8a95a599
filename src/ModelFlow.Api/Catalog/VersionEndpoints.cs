using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Catalog;

/// <summary>Versions: what they are, and keeping, restoring and forbidding them.</summary>
internal static class VersionEndpoints
{
    /// <summary>How many predictions that flipped a comparison lists unless it is asked for more or fewer.</summary>
    public const int UsualPredictions = 100;

    /// <summary>The most that it lists.</summary>
    public const int MostPredictions = 10_000;

    public static void MapVersions(this RouteGroupBuilder api)
    {
        var model = api.MapGroup("/models/{model}").WithTags("Versions");
        model.MapGet("/versions", ListAsync).Allow(Role.Reader).WithSummary("Lists a model's versions, highest first.");
        model.MapGet("/versions/{version}", GetAsync).Allow(Role.Reader).WithSummary("One version: manifest, lineage, signature, deployment, reports. 'stable' is understood.");
        model.MapGet("/compare", CompareAsync).Allow(Role.Reader).WithSummary("Two versions side by side. 'stable' is understood.");
        model.MapPost("/versions/{version}/pin", PinAsync).Allow(Role.Operator).WithSummary("Keeps a version whatever the retention policy says.");
        model.MapPost("/versions/{version}/unpin", UnpinAsync).Allow(Role.Operator).WithSummary("Leaves a version to the retention policy again.");
        model.MapPost("/versions/{version}/restore", RestoreAsync).Allow(Role.Operator)
            .Produces<RestoreAnswer>(StatusCodes.Status200OK).Produces<RestoreAnswer>(StatusCodes.Status202Accepted)
            .WithSummary("Brings a version back to the hot tier and verifies its files; 202 while they are on their way.");
    }

    private static async Task<Results<Ok<ItemList<VersionItem>>, Problem>> ListAsync(
        string model, IVersionCatalog catalog, IRouteStore routes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        fields.Check();
        var route = (await routes.GetAsync(name, cancellationToken))?.Route;
        var items = await catalog.ListAsync(name, cancellationToken).Select(v => VersionItem.Of(v, route)).ToListAsync(cancellationToken);
        return items.Count == 0 ? Problem.NoModel(name) : TypedResults.Ok(new ItemList<VersionItem>(items));
    }

    private static async Task<Results<Ok<VersionDetail>, Problem>> GetAsync(
        string model,
        string version,
        IVersionCatalog catalog,
        IRouteStore routes,
        IDeploymentStore deployments,
        IReleaseIndex index,
        IReportStore reports,
        CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        var which = await VersionAlias.ResolveAsync(fields, "version", version, name, routes, cancellationToken);
        if (await catalog.GetAsync(name, which, cancellationToken) is not { } record)
        {
            return Problem.NoVersion(name, version);
        }

        var release = await index.FindLatestAttemptAsync(name, which, cancellationToken);
        return TypedResults.Ok(new VersionDetail(VersionItem.Of(record, (await routes.GetAsync(name, cancellationToken))?.Route))
        {
            Manifest = record.Manifest,
            Signature = record.Signature,
            Deployment = await deployments.GetAsync(name, which, cancellationToken),
            LatestRelease = release,
            Reports = release is { } id ? await reports.ListAsync(id, cancellationToken).ToListAsync(cancellationToken) : [],
        });
    }

    private static async Task<Results<Ok<CompareAnswer>, Problem>> CompareAsync(
        string model, string? a, string? b, string? predictions, IVersionCatalog catalog, IRouteStore routes, CompareVersions compare, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        var most = fields.Number("predictions", predictions, UsualPredictions, 0, MostPredictions);
        var first = await VersionAlias.ResolveAsync(fields, "a", a, name, routes, cancellationToken);
        var second = await VersionAlias.ResolveAsync(fields, "b", b, name, routes, cancellationToken);
        if (await catalog.GetAsync(name, first, cancellationToken) is not { } recordA)
        {
            return Problem.NoVersion(name, first.Value);
        }

        if (await catalog.GetAsync(name, second, cancellationToken) is not { } recordB)
        {
            return Problem.NoVersion(name, second.Value);
        }

        var route = (await routes.GetAsync(name, cancellationToken))?.Route;
        var comparison = await compare.CompareAsync(recordA, recordB, most, cancellationToken);
        return TypedResults.Ok(new CompareAnswer(
            name, VersionItem.Of(recordA, route), VersionItem.Of(recordB, route), comparison.Signature, comparison.Manifest, comparison.Training, comparison.Evaluation));
    }

    private static Task<Results<Ok<VersionItem>, Problem>> PinAsync(
        string model, string version, Body<ReasonRequest> body, Caller caller, PinVersion pin, IRouteStore routes, CancellationToken cancellationToken) =>
        SetPinAsync(model, version, pinned: true, body.Value, caller, pin, routes, cancellationToken);

    private static Task<Results<Ok<VersionItem>, Problem>> UnpinAsync(
        string model, string version, Body<ReasonRequest> body, Caller caller, PinVersion pin, IRouteStore routes, CancellationToken cancellationToken) =>
        SetPinAsync(model, version, pinned: false, body.Value, caller, pin, routes, cancellationToken);

    private static async Task<Results<Ok<VersionItem>, Problem>> SetPinAsync(
        string model, string version, bool pinned, ReasonRequest request, Caller caller, PinVersion pin, IRouteStore routes, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var (name, which) = (fields.Model("model", model), fields.Version("version", version));
        var reason = fields.OptionalText("reason", request.Reason);
        var requester = caller.Request(fields, request.RequestId);
        fields.Check();
        return await pin.SetAsync(name, which, pinned, reason, requester, cancellationToken) is { } record
            ? TypedResults.Ok(VersionItem.Of(record, (await routes.GetAsync(name, cancellationToken))?.Route))
            : Problem.NoVersion(name, version);
    }

    private static async Task<IResult> RestoreAsync(
        string model, string version, Body<ReasonRequest> body, Caller caller, RestoreVersion restore, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var (name, which) = (fields.Model("model", model), fields.Version("version", version));
        var reason = fields.OptionalText("reason", body.Value.Reason);
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        return await restore.RestoreAsync(name, which, reason, requester, cancellationToken) switch
        {
            RestoredVersion.Restored restored => TypedResults.Ok(new RestoreAnswer(name, which, "restored", StorageTier.Hot, restored.BytesVerified)),
            RestoredVersion.Rehydrating rehydrating => TypedResults.Accepted((string?)null, new RestoreAnswer(name, which, "rehydrating", rehydrating.From, null)),
            RestoredVersion.Damaged damaged => Problem.Conflict(
                "files-damaged", "The version's files are damaged.", $"{damaged.Path} of {name} {which}: {damaged.Reason}", "Restore the file from a backup, or upload the version again under another name.")
                with { Extra = new() { ["file"] = damaged.Path } },
            RestoredVersion.Deleted => Problem.Deleted(name, which),
            RestoredVersion.NotRegistered => Problem.NoVersion(name, version),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }
}

/// <summary>How far a restore is.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="Status"><c>restored</c>, or <c>rehydrating</c>: ask again later.</param>
/// <param name="Tier">The tier the files are in.</param>
/// <param name="BytesVerified">How many bytes were read and found right, once restored.</param>
public sealed record RestoreAnswer(ModelName Model, VersionName Version, string Status, StorageTier Tier, long? BytesVerified);

/// <summary>Two versions side by side; every difference is b − a.</summary>
/// <param name="Model">The model.</param>
/// <param name="A">The first version.</param>
/// <param name="B">The second version.</param>
/// <param name="Signature">How inputs and outputs differ; absent if one was never inspected.</param>
/// <param name="Manifest">What differs of the manifests.</param>
/// <param name="Training">Metrics that training reported.</param>
/// <param name="Evaluation">What evaluations measured; absent if one has no report.</param>
public sealed record CompareAnswer(
    ModelName Model,
    VersionItem A,
    VersionItem B,
    SignatureDifferences? Signature,
    IReadOnlyList<FieldDifference> Manifest,
    IReadOnlyList<MetricDifference> Training,
    EvaluationDifferences? Evaluation);
