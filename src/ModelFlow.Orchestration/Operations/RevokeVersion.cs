using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Operations;

/// <summary>
/// Forbids a version for good: it is marked first, so that nothing starts with it any more; then its releases are told to end,
/// and if it is live, traffic goes to the newest earlier stable version that can be loaded.
/// </summary>
public sealed class RevokeVersion(
    IVersionCatalog catalog,
    IReleaseIndex index,
    IRouteStore routes,
    ReleaseSignals signals,
    RollbackModel rollback,
    IAuditLog audit,
    TimeProvider time)
{
    /// <summary>Revokes a version. Again for a revoked one, it finishes what was cut off; the first reason stands.</summary>
    public async Task<RevokedVersion> RevokeAsync(ModelName model, VersionName version, string reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await catalog.GetAsync(model, version, cancellationToken) is not { } before)
        {
            return new RevokedVersion.NotRegistered();
        }

        var now = time.GetUtcNow();
        if (before.Revoked is null)
        {
            await audit.AppendAsync(
                AuditScope.Of(model),
                new AuditEntry(requester.IdFor("revoke", $"{model}/{version}"), now, requester.By, "revoke", version.Value, $"revoked {model} {version}: {reason}"),
                cancellationToken);
        }

        var record = await catalog.UpdateAsync(model, version, v => v with { Revoked = v.Revoked ?? new Revocation(requester.By, now, reason) }, cancellationToken);
        if (record?.Revoked is not { } revocation)
        {
            return new RevokedVersion.NotRegistered();
        }

        var told = await TellReleasesAsync(model, version, reason, requester, now, cancellationToken);
        var route = (await routes.GetAsync(model, cancellationToken))?.Route;
        var moved = route?.Stable == version ? await MoveAwayAsync(model, version, reason, requester, cancellationToken) : null;
        var live = (await routes.GetAsync(model, cancellationToken))?.Route;
        var warning = live switch
        {
            _ when live?.Stable == version => $"{version} is still the stable version: there is no earlier one that was stable, is not revoked and can be loaded. Release another version, or stop the gateway's clients.",
            _ when live?.Shadow?.Version == version => $"The release of {version} was told to end, and requests are mirrored to it for moments more; see its events.",
            _ when live?.Candidates.Any(c => c.Version == version) == true => $"The release of {version} was told to end and gives its traffic back within moments; see its events.",
            _ => null,
        };
        return new RevokedVersion.Revoked(revocation, told, moved, warning);
    }

    private async Task<IReadOnlyList<ReleaseId>> TellReleasesAsync(
        ModelName model, VersionName version, string reason, Requester requester, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var told = new List<ReleaseId>();
        await foreach (var id in index.ListRunningAsync(cancellationToken))
        {
            if (id.Model != model || id.Version != version)
            {
                continue;
            }

            var signal = new Signal { Id = requester.IdFor("revoke", id.ToString()), Kind = SignalKind.Revoked, By = requester.By, At = now, Comment = reason };
            if (await signals.SendAsync(id, signal, cancellationToken) is AddSignal.Added or AddSignal.AlreadyAdded)
            {
                told.Add(id);
            }
        }

        return told;
    }

    private async Task<Route?> MoveAwayAsync(ModelName model, VersionName version, string reason, Requester requester, CancellationToken cancellationToken)
    {
        var earlier = await catalog.ListAsync(model, cancellationToken)
            .Where(v => v.Version != version && v is { FirstStableAt: not null, Revoked: null, Deleted: false } && v.Tier != StorageTier.Archive)
            .ToListAsync(cancellationToken);
        foreach (var target in earlier.OrderByDescending(v => v.LastStableAt ?? v.FirstStableAt))
        {
            var request = requester.IdFor("revoke", $"{model}/{version}/{target.Version}");
            var outcome = await rollback.RollbackAsync(model, target.Version, loadIfNeeded: true, requester.By, $"{version} was revoked: {reason}", request, cancellationToken);
            if (outcome is RolledBackModel.Done done)
            {
                return done.Route;
            }
        }

        return null;
    }
}

/// <summary>The outcome of revoking a version.</summary>
public abstract record RevokedVersion
{
    private RevokedVersion()
    {
    }

    /// <summary>It is marked.</summary>
    /// <param name="Revocation">Who, when and why; of the first revocation.</param>
    /// <param name="Told">Releases that were told to end.</param>
    /// <param name="Moved">The new route, if it was the stable version and traffic was moved.</param>
    /// <param name="Warning">Why it still gets traffic and what to do; null if it does not.</param>
    public sealed record Revoked(Revocation Revocation, IReadOnlyList<ReleaseId> Told, Route? Moved, string? Warning) : RevokedVersion;

    /// <summary>There is no such version.</summary>
    public sealed record NotRegistered : RevokedVersion;
}
