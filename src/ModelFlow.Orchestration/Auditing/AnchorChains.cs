using Microsoft.Extensions.Logging;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Auditing;

/// <summary>
/// Makes anchors: run every minute or so by the active host, it makes one when the newest is old enough. It reads the newest entry of every audit scope, and
/// of the releases that were open at the anchor before, that run now, or that started since: an ended release has no further events, so the others are read
/// never again, however many there are.
/// </summary>
public sealed class AnchorChains(
    IAuditLog audit, IReleaseStore releases, IReleaseIndex index, AnchorArchive archive, IAnchorSigner signer, AnchorSettings settings, TimeProvider time, ILogger<AnchorChains> logger)
{
    private const int PageSize = 500;
    private const int AtATime = 8;

    // A release is entered into the lists with the time of its start, by the clock of the host that starts it, before it is there.
    private static readonly TimeSpan Slack = TimeSpan.FromHours(2);

    // What this process knows to be anchored. The first anchor after a start names every scope once more.
    private readonly Dictionary<string, AnchoredHead> _known = new(StringComparer.Ordinal);
    private SignedAnchor? _newest;
    private volatile string? _problem;

    /// <summary>Why there is no anchor, or what is wrong with the chains; null when all is well, or nothing was tried.</summary>
    public string? Problem => _problem;

    /// <summary>Makes an anchor if the newest is older than the settings say; null if it is not, if there is no key, or if another host was first.</summary>
    public async Task<SignedAnchor?> RunAsync(CancellationToken cancellationToken)
    {
        if (signer.SigningKey is not { } key)
        {
            _problem = "There is no key to sign anchors with: set Audit:SigningKeys:0 (docs/audit.md).";
            return null;
        }

        var now = time.GetUtcNow();
        _newest ??= await archive.FindNewestAsync(cancellationToken);
        if (_newest is { } before && now - before.Anchor.At < settings.Every)
        {
            return null;
        }

        try
        {
            return await MakeAsync(key, now, cancellationToken);
        }
        catch (StorageException e)
        {
            _problem = $"The last anchor could not be made: {e.Message}";
            throw;
        }
    }

    private async Task<SignedAnchor?> MakeAsync(string key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var heads = new List<AnchoredHead>();
        await foreach (var scope in audit.ListScopesAsync(cancellationToken))
        {
            if (await audit.FindHeadAsync(scope, cancellationToken) is { } head)
            {
                heads.Add(new AnchoredHead(scope, head.Seq, head.Hash));
            }
        }

        var read = new System.Collections.Concurrent.ConcurrentBag<AnchoredHead>();
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(await CandidatesAsync(cancellationToken), options, async (id, cancel) =>
        {
            if ((await releases.LoadAsync(id, cancel))?.State is { } state)
            {
                read.Add(new AnchoredHead(AuditScope.Of(id), state.EventCount, state.EventHash, state.Outcome is null));
            }
        });
        heads.AddRange(read);
        var wrong = Missing(heads).Concat(heads.Where(Disagrees).Select(h => h.Chain)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).ToList();
        var anchor = AnchorSeal.Sign(
            new Anchor
            {
                Number = (_newest?.Anchor.Number ?? 0) + 1,
                At = now,
                PreviousHash = _newest?.Hash ?? "",
                Key = key,
                Heads = [.. heads.Where(h => h.Open || !_known.TryGetValue(h.Chain, out var known) || known != h).OrderBy(h => h.Chain, StringComparer.Ordinal)],
            },
            signer);
        if (!await archive.AddAsync(anchor, cancellationToken))
        {
            _newest = null; // Another host made one: its is read at the next run.
            return null;
        }

        _newest = anchor;
        heads.ForEach(h => _known[h.Chain] = h);
        foreach (var chain in wrong)
        {
            logger.ChainDisagrees(chain, anchor.Anchor.Number);
        }

        _problem = wrong.Count == 0 ? null : $"{wrong.Count} chains of the audit are not what was anchored before, for example {wrong[0]}: run 'modelflow audit verify'.";
        return anchor;
    }

    // A chain that was shorter before grows; whatever else is different was done by nobody who went through ModelFlow.
    private bool Disagrees(AnchoredHead head) =>
        _known.TryGetValue(head.Chain, out var known)
        && (head.Count < known.Count || (head.Count == known.Count && !string.Equals(head.Hash, known.Hash, StringComparison.Ordinal)));

    private IEnumerable<string> Missing(List<AnchoredHead> heads) =>
        (_newest?.Anchor.Heads ?? []).Where(h => h.Open).Select(h => h.Chain)
            .Concat(_known.Keys.Where(k => !k.StartsWith(AuditScope.ReleasePrefix, StringComparison.Ordinal)))
            .Except(heads.Select(h => h.Chain), StringComparer.Ordinal);

    private async Task<HashSet<ReleaseId>> CandidatesAsync(CancellationToken cancellationToken)
    {
        var candidates = (_newest?.Anchor.Heads ?? []).Where(h => h.Open).Select(h => ReleaseId.Parse(h.Chain[AuditScope.ReleasePrefix.Length..])).ToHashSet();
        await foreach (var running in index.ListRunningAsync(cancellationToken))
        {
            candidates.Add(running);
        }

        var since = _newest?.Anchor.At - Slack;
        string? continuation = null;
        do
        {
            var page = await index.ListAsync(model: null, PageSize, continuation, cancellationToken);
            candidates.UnionWith(page.Items.Where(s => since is null || s.StartedAt >= since).Select(s => s.Id));
            continuation = page.Items.Count > 0 && (since is null || page.Items[^1].StartedAt >= since) ? page.Continuation : null;
        }
        while (continuation is not null);

        return candidates;
    }
}
