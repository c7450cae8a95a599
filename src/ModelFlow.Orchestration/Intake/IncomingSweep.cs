using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Commands;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Orchestration.Intake;

/// <summary>
/// Takes in what lies complete in <c>incoming</c>: each upload becomes a release, or is refused at the door with its reason and
/// kept in quarantine. Safe to run at any time, by several hosts at once.
/// </summary>
public sealed class IncomingSweep(
    IUploadStore uploads,
    IVersionCatalog catalog,
    StartRelease start,
    TimeProvider time,
    ILogger<IncomingSweep> logger)
{
    private static readonly TimeSpan AskAgainAfter = TimeSpan.FromSeconds(15);

    // Uploads whose release runs lie in incoming until they are registered; they need no look at every sweep.
    private readonly ConcurrentDictionary<UploadReference, long> _takenIn = new();

    /// <summary>Takes in every complete upload once. Returns the releases that were started.</summary>
    public async Task<IReadOnlyList<ReleaseId>> SweepAsync(CancellationToken cancellationToken)
    {
        var started = new List<ReleaseId>();
        var listed = new HashSet<UploadReference>();
        await foreach (var upload in uploads.ListCompleteAsync(cancellationToken))
        {
            listed.Add(upload.Reference);
            try
            {
                if (await TakeInAsync(upload, cancellationToken) is { } id)
                {
                    started.Add(id);
                }
            }
            catch (Exception e) when (!(e is OperationCanceledException && cancellationToken.IsCancellationRequested))
            {
                // One upload must not keep the others out.
                logger.IntakeFailed(e, upload.Reference.ManifestPath);
            }
        }

        foreach (var gone in _takenIn.Keys.Where(u => !listed.Contains(u)))
        {
            _takenIn.TryRemove(gone, out _);
        }

        return started;
    }

    private async Task<ReleaseId?> TakeInAsync(IncomingUpload upload, CancellationToken cancellationToken)
    {
        if (!ModelName.TryParse(upload.Model, out var model, out var error) || !VersionName.TryParse(upload.Version, out var version, out error))
        {
            await RefuseAsync(upload, "name", error, cancellationToken);
            return null;
        }

        if (_takenIn.TryGetValue(upload.Reference, out var at) && time.GetElapsedTime(at) < AskAgainAfter)
        {
            return null;
        }

        if (await catalog.GetAsync(model, version, cancellationToken) is { } existing)
        {
            await CompareAsync(upload, existing, cancellationToken);
            return null;
        }

        switch (await start.StartAsync(model, version, upload.Reference, cancellationToken))
        {
            case StartedRelease.Started s:
                _takenIn[upload.Reference] = time.GetTimestamp();
                return s.Id;
            case StartedRelease.NoPolicy or StartedRelease.InvalidPolicy:
                logger.NoPolicy(upload.Reference.ManifestPath, model);
                return null;
            default:
                // Its release runs: it registers the upload, and whatever was put in its place later waits for a later sweep.
                _takenIn[upload.Reference] = time.GetTimestamp();
                return null;
        }
    }

    private async Task CompareAsync(IncomingUpload upload, VersionRecord existing, CancellationToken cancellationToken)
    {
        switch (await UploadManifest.ReadAsync(uploads, upload.Reference, existing.Model, existing.Version, cancellationToken))
        {
            case UploadManifest.Invalid invalid:
                await RefuseAsync(upload, "manifest", invalid.Reason, cancellationToken);
                break;
            case UploadManifest.Read { Manifest: var manifest } when ManifestWriter.DigestOf(manifest) is var digest && digest != existing.Digest:
                await RefuseAsync(upload, "exists", UploadManifest.ExistsReason(existing, digest), cancellationToken);
                break;
            case UploadManifest.Read:
                await uploads.DeleteIncomingAsync(upload.Reference, cancellationToken);
                break;
        }
    }

    private async Task RefuseAsync(IncomingUpload upload, string by, string reason, CancellationToken cancellationToken)
    {
        var refusal = new Refusal { Upload = upload.Reference, By = by, Reason = reason, At = time.GetUtcNow() };
        await uploads.QuarantineAsync(upload.Reference, refusal, cancellationToken);
        logger.UploadRefused(upload.Reference.ManifestPath, by, reason);
    }
}
