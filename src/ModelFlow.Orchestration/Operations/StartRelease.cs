using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Starts releases: of a new upload, or a further attempt of a registered version.</summary>
public sealed class StartRelease(
    IReleaseStore releases,
    IReleaseIndex index,
    IVersionCatalog catalog,
    IPolicyStore policies,
    IDoorbell doorbell,
    TimeProvider time)
{
    // An entry without its release is taken out of the list of running ones after a minute.
    private static readonly TimeSpan EntryHoldsFor = TimeSpan.FromSeconds(30);

    /// <summary>A further attempt of a registered version.</summary>
    public async Task<StartedRelease> StartAsync(ModelName model, VersionName version, string by, CancellationToken cancellationToken)
    {
        switch (await catalog.GetAsync(model, version, cancellationToken))
        {
            case null:
                return new StartedRelease.NotRegistered();
            case { Revoked: { } revoked }:
                return new StartedRelease.Revoked(revoked);
            case { Deleted: true }:
                return new StartedRelease.Deleted();
            case { } record:
                return await CreateAsync(model, version, by, upload: null, record, cancellationToken);
        }
    }

    /// <summary>The first or a further attempt of an upload whose version is not registered yet.</summary>
    public Task<StartedRelease> StartAsync(ModelName model, VersionName version, UploadReference upload, CancellationToken cancellationToken) =>
        CreateAsync(model, version, "upload", upload, record: null, cancellationToken);

    private async Task<StartedRelease> CreateAsync(ModelName model, VersionName version, string by, UploadReference? upload, VersionRecord? record, CancellationToken cancellationToken)
    {
        if (await policies.FindForAsync(model, cancellationToken) is not { } policy)
        {
            return new StartedRelease.NoPolicy();
        }

        if (PolicyReader.Read(policy.Yaml) is ParsePolicy.Invalid invalid)
        {
            return new StartedRelease.InvalidPolicy(invalid.Errors);
        }

        var attempt = 1;
        if (await index.FindLatestAttemptAsync(model, version, cancellationToken) is { } latest)
        {
            if (await releases.LoadAsync(latest, cancellationToken) is { State: var before })
            {
                if (before.Outcome is null)
                {
                    return new StartedRelease.AlreadyRunning(latest, before.Upload);
                }

                attempt = latest.Attempt + 1;
            }
            else
            {
                // Entered in the list, but its creation was cut off.
                attempt = latest.Attempt;
            }
        }

        var now = time.GetUtcNow();
        var (state, started) = ReleaseEvents.Start(new ReleaseState
        {
            Id = new ReleaseId(model, version, attempt),
            Stage = upload is null ? new Stage.Inspecting() : new Stage.Registering(),
            PolicyDigest = policy.Digest,
            StartedBy = by,
            StartedAt = now,
            StageSince = now,
            Upload = upload,
            Uploader = record?.Uploader,
            ArtifactDigest = record?.Digest,
        });

        // The list first: a release that exists must be found by whoever drives, a listed one that does not exist harms nobody.
        var entered = time.GetTimestamp();
        await index.PutAsync(ReleaseSummary.Of(state), cancellationToken);
        if (await releases.CreateAsync(state, [started], cancellationToken) is CreateRelease.AlreadyExists)
        {
            return new StartedRelease.AlreadyRunning(state.Id, upload);
        }

        if (time.GetElapsedTime(entered) > EntryHoldsFor)
        {
            // This process was held up: the entry may have been given up meanwhile.
            await index.PutAsync(ReleaseSummary.Of(state), cancellationToken);
        }

        doorbell.Ring(state.Id);
        return new StartedRelease.Started(state.Id);
    }
}

/// <summary>The outcome of starting a release.</summary>
public abstract record StartedRelease
{
    private StartedRelease()
    {
    }

    /// <summary>It runs.</summary>
    public sealed record Started(ReleaseId Id) : StartedRelease;

    /// <summary>An earlier attempt still runs.</summary>
    public sealed record AlreadyRunning(ReleaseId Id, UploadReference? Upload) : StartedRelease;

    /// <summary>The version is not in the catalogue.</summary>
    public sealed record NotRegistered : StartedRelease;

    /// <summary>The version may never be served again.</summary>
    public sealed record Revoked(Revocation Revocation) : StartedRelease;

    /// <summary>The version's files were deleted by retention.</summary>
    public sealed record Deleted : StartedRelease;

    /// <summary>Neither the model nor the default has a policy.</summary>
    public sealed record NoPolicy : StartedRelease;

    /// <summary>The policy that is set does not parse.</summary>
    public sealed record InvalidPolicy(IReadOnlyList<Core.FieldError> Errors) : StartedRelease;
}
