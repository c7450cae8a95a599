using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Auditing;

/// <summary>What an auditor asks: what was live, who approved, what somebody did.</summary>
public sealed class AuditQuestions(IAuditLog audit, IReleaseStore releases, IReleaseIndex index, IRouteStore routes, IVersionCatalog catalog)
{
    private const int PageSize = 500;

    private static readonly string[] Decisions = ["approved", "approvalWithdrawn", "rejected"];

    /// <summary>What was live at <paramref name="at"/>; null if the model had no route then.</summary>
    public async Task<WasLive?> LiveAsync(ModelName model, DateTimeOffset at, CancellationToken cancellationToken)
    {
        DateTimeOffset? until = null;
        await foreach (var route in routes.ReadHistoryAsync(model, cancellationToken))
        {
            if (route.At > at)
            {
                until = route.At;
                continue;
            }

            var versions = new List<LiveVersion>();
            if (route.Stable is { } stable)
            {
                var weight = new Weight(10_000 - route.Candidates.Sum(c => c.Weight.BasisPoints));
                versions.Add(await LiveAsync(model, stable, weight, "stable", cancellationToken));
            }

            foreach (var candidate in route.Candidates)
            {
                versions.Add(await LiveAsync(model, candidate.Version, candidate.Weight, "candidate", cancellationToken));
            }

            if (route.Shadow is { } shadow)
            {
                versions.Add(await LiveAsync(model, shadow.Version, shadow.Share, "shadow", cancellationToken));
            }

            return new WasLive(model, at, route.Generation, route.At, until, versions, await MakerAsync(route, cancellationToken), await LeaseAsync(route, at, cancellationToken));
        }

        return null;
    }

    /// <summary>Every attempt to release a version, newest first, with who decided on what; empty if it was never released.</summary>
    public async Task<IReadOnlyList<AttemptDecisions>> ApprovalsAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        var attempts = new List<AttemptDecisions>();
        var latest = await index.FindLatestAttemptAsync(model, version, cancellationToken);
        for (var number = latest?.Attempt ?? 0; number > 0; number--)
        {
            var id = new ReleaseId(model, version, number);
            if ((await releases.LoadAsync(id, cancellationToken))?.State is not { } state)
            {
                continue;
            }

            var decisions = new List<Decided>();
            var gates = new List<GateResult>();
            await foreach (var happened in releases.ReadEventsAsync(id, 0, cancellationToken))
            {
                if (happened is { Kind: "evaluated" } && happened.Data?["gates"] is { } judged)
                {
                    gates = judged.Deserialize<List<GateResult>>(CoreJson.Options) ?? [];
                }

                if (Decisions.Contains(happened.Kind, StringComparer.Ordinal))
                {
                    decisions.Add(new Decided(happened.Seq, happened.By, happened.At, happened.Kind, Text(happened, "comment"), Text(happened, "artifact"), Text(happened, "evaluation") ?? Text(happened, "evidence"), Text(happened, "evidence"), happened.Hash));
                }
            }

            attempts.Add(new AttemptDecisions(id, state.StartedBy, state.StartedAt, state.Uploader, state.PolicyDigest, state.ArtifactDigest, state.EvaluationDigest, gates, decisions, state.Outcome));
        }

        return attempts;
    }

    /// <summary>
    /// What was done by <paramref name="name"/> from <paramref name="since"/> to before <paramref name="until"/>, oldest first: the first <paramref name="most"/>, and more only if they are of the same time as
    /// the last. Reads every audit scope, and the events of every release that ran in that time.
    /// </summary>
    public async Task<PersonsDeeds> PersonAsync(string name, DateTimeOffset since, DateTimeOffset until, int most, CancellationToken cancellationToken)
    {
        // The newest of what is kept is thrown out when there is too much: however much somebody did, this holds no more than twice a page.
        var deeds = new List<Deed>();
        DateTimeOffset? next = null;
        await foreach (var deed in DeedsAsync(name, since, until, cancellationToken))
        {
            if (!(deed.At >= next))
            {
                deeds.Add(deed);
            }

            if (deeds.Count > 2 * most)
            {
                next = Trim(deeds, most) ?? next;
            }
        }

        next = Trim(deeds, most) ?? next;
        return new PersonsDeeds(name, since, until, deeds, next);
    }

    // The time of the first deed that was cut off; deeds of one time are never parted.
    private static DateTimeOffset? Trim(List<Deed> deeds, int most)
    {
        deeds.Sort((a, b) => (a.At, a.Chain, a.Seq).CompareTo((b.At, b.Chain, b.Seq)));
        var end = most;
        while (end < deeds.Count && deeds[end].At == deeds[end - 1].At)
        {
            end++;
        }

        if (end >= deeds.Count)
        {
            return null;
        }

        var next = deeds[end].At;
        deeds.RemoveRange(end, deeds.Count - end);
        return next;
    }

    private async IAsyncEnumerable<Deed> DeedsAsync(string name, DateTimeOffset since, DateTimeOffset until, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        bool IsWanted(string by, DateTimeOffset at) => at >= since && at < until && string.Equals(by, name, StringComparison.Ordinal);
        await foreach (var scope in audit.ListScopesAsync(cancellationToken))
        {
            await foreach (var e in audit.ReadAsync(scope, cancellationToken).Where(e => IsWanted(e.Entry.By, e.Entry.At)))
            {
                yield return new Deed(e.Entry.At, scope, e.Seq, e.Entry.Action, e.Entry.Subject, e.Entry.Message, e.Hash);
            }
        }

        string? continuation = null;
        do
        {
            var page = await index.ListAsync(model: null, PageSize, continuation, cancellationToken);
            foreach (var release in page.Items.Where(s => s.StartedAt < until && !(s.EndedAt < since)))
            {
                await foreach (var e in releases.ReadEventsAsync(release.Id, 0, cancellationToken).Where(e => IsWanted(e.By, e.At)))
                {
                    yield return new Deed(e.At, AuditScope.Of(release.Id), e.Seq, e.Kind, release.Id.ToString(), e.Message, e.Hash);
                }
            }

            continuation = page.Continuation;
        }
        while (continuation is not null);
    }

    private async Task<LiveVersion> LiveAsync(ModelName model, VersionName version, Weight weight, string role, CancellationToken cancellationToken) =>
        new(version, (await catalog.GetAsync(model, version, cancellationToken))?.Digest, weight, role);

    private async Task<RouteMaker> MakerAsync(Route route, CancellationToken cancellationToken)
    {
        if (ReleaseOf(route) is { } id && (await releases.LoadAsync(id, cancellationToken))?.State is { } state)
        {
            return new RouteMaker(route.Cause, id, state.StartedBy, [.. state.Approvals.Select(a => a.By)], null);
        }

        // A rollback's route and its entry carry the same request.
        var entryId = route.Cause.Replace("rollback:", "rollback-", StringComparison.Ordinal);
        var entry = await audit.ReadAsync(AuditScope.Of(route.Model), cancellationToken).FirstOrDefaultAsync(e => string.Equals(e.Entry.Id, entryId, StringComparison.Ordinal), cancellationToken);
        return new RouteMaker(route.Cause, null, entry?.Entry.By, [], entry?.Entry.Message);
    }

    // A promotion's route belongs to no ramp any more; its cause still begins with the release.
    private static ReleaseId? ReleaseOf(Route route) =>
        route.Release ?? (ReleaseId.TryParse(route.Cause.Split('#')[0], out var id, out _) && id.Model == route.Model ? id : null);

    private async Task<LeaseThen?> LeaseAsync(Route route, DateTimeOffset at, CancellationToken cancellationToken)
    {
        if (!route.NeedsLease || route.Release is not { } id)
        {
            return null;
        }

        // Renewals are no history; changes between renewed and lapsing are events.
        var last = await releases.ReadEventsAsync(id, 0, cancellationToken).Where(e => e.Kind is "leaseRenewed" or "leaseLapsing" && e.At >= route.At && e.At <= at).LastOrDefaultAsync(cancellationToken);
        return last is { Kind: "leaseLapsing" }
            ? new LeaseThen(true, last.At, "The lease was not renewed any more: gateways may have sent everything to stable.")
            : new LeaseThen(false, last?.At, "Other versions than stable got their share only while the lease was renewed; no event says that it was not.");
    }

    private static string? Text(ReleaseEvent happened, string member) => happened.Data?[member] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}

/// <summary>What was live at a time.</summary>
/// <param name="Model">The model.</param>
/// <param name="At">The time that was asked for.</param>
/// <param name="Generation">The route's generation.</param>
/// <param name="Since">When the route was made.</param>
/// <param name="Until">When the next one was made; null if it is current.</param>
/// <param name="Versions">Stable first.</param>
/// <param name="MadeBy">What made the route.</param>
/// <param name="Lease">Null where no lease was needed.</param>
public sealed record WasLive(
    ModelName Model, DateTimeOffset At, long Generation, DateTimeOffset Since, DateTimeOffset? Until, IReadOnlyList<LiveVersion> Versions, RouteMaker MadeBy, LeaseThen? Lease);

/// <summary>A version that was live.</summary>
/// <param name="Version">The version.</param>
/// <param name="Digest">The digest of its manifest, which names its bytes; null if the catalog does not know it.</param>
/// <param name="Weight">Its share of requests; for a shadow, of stable's requests that were mirrored.</param>
/// <param name="Role"><c>stable</c>, <c>candidate</c> or <c>shadow</c>.</param>
public sealed record LiveVersion(VersionName Version, Sha256Digest? Digest, Weight Weight, string Role);

/// <summary>What made a route.</summary>
/// <param name="Cause">As it stands in the route.</param>
/// <param name="Release">The release whose ramp or promotion it was.</param>
/// <param name="By">Who started the release, or rolled back; null if that is not recorded.</param>
/// <param name="Approvers">Who had approved the release.</param>
/// <param name="Message">What the audit log says of a rollback.</param>
public sealed record RouteMaker(string Cause, ReleaseId? Release, string? By, IReadOnlyList<string> Approvers, string? Message);

/// <summary>Whether a route's shares held.</summary>
/// <param name="Lapsing">The newest event before the time says that the lease was not renewed.</param>
/// <param name="Since">When that event was; null for none.</param>
/// <param name="Message">In a sentence.</param>
public sealed record LeaseThen(bool Lapsing, DateTimeOffset? Since, string Message);

/// <summary>Who decided on one attempt to release a version.</summary>
/// <param name="Release">The attempt.</param>
/// <param name="StartedBy">Who or what started it.</param>
/// <param name="StartedAt">When.</param>
/// <param name="Uploader">Who uploaded the version; null if unknown.</param>
/// <param name="Policy">The policy it ran under.</param>
/// <param name="Artifact">The manifest's digest.</param>
/// <param name="Report">The evaluation report's digest.</param>
/// <param name="Gates">What the gates said.</param>
/// <param name="Decisions">In order.</param>
/// <param name="Outcome">How it ended; null while it runs.</param>
public sealed record AttemptDecisions(
    ReleaseId Release, string StartedBy, DateTimeOffset StartedAt, string? Uploader, Sha256Digest Policy, Sha256Digest? Artifact, Sha256Digest? Report,
    IReadOnlyList<GateResult> Gates, IReadOnlyList<Decided> Decisions, Outcome? Outcome);

/// <summary>One decision.</summary>
/// <param name="Seq">The event.</param>
/// <param name="By">Who.</param>
/// <param name="At">When.</param>
/// <param name="Decision"><c>approved</c>, <c>approvalWithdrawn</c> or <c>rejected</c>.</param>
/// <param name="Comment">What they said.</param>
/// <param name="Artifact">The digest of what was decided on.</param>
/// <param name="Report">The digest of the evaluation report it was decided on.</param>
/// <param name="Evidence">The digest of all that was shown, which binds the decision; in old records the report's.</param>
/// <param name="Hash">The event's hash in its chain.</param>
public sealed record Decided(int Seq, string By, DateTimeOffset At, string Decision, string? Comment, string? Artifact, string? Report, string? Evidence, string Hash);

/// <summary>What somebody did.</summary>
/// <param name="Name">The identity.</param>
/// <param name="Since">From.</param>
/// <param name="Until">To before.</param>
/// <param name="Items">Oldest first.</param>
/// <param name="Next">Ask with <c>since</c> = this for what comes after; null when there is no more.</param>
public sealed record PersonsDeeds(string Name, DateTimeOffset Since, DateTimeOffset Until, IReadOnlyList<Deed> Items, DateTimeOffset? Next);

/// <summary>One thing that was done.</summary>
/// <param name="At">When.</param>
/// <param name="Chain">The chain it stands in.</param>
/// <param name="Seq">Its number there.</param>
/// <param name="What">The action or the event's kind.</param>
/// <param name="Subject">On what.</param>
/// <param name="Message">In a sentence.</param>
/// <param name="Hash">Its hash.</param>
public sealed record Deed(DateTimeOffset At, string Chain, int Seq, string What, string Subject, string Message, string Hash);
