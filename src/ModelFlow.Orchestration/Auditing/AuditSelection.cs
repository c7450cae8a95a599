using System.Runtime.CompilerServices;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration.Auditing;

/// <summary>A part of the record. Nothing said is all of it.</summary>
public sealed record AuditSelection
{
    /// <summary>One model: its audit scope and its releases.</summary>
    public ModelName? Model { get; init; }

    /// <summary>One audit scope.</summary>
    public string? Scope { get; init; }

    /// <summary>One release.</summary>
    public ReleaseId? Release { get; init; }

    /// <summary>From the first entry of each chain at or after this time.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>To the last entry of each chain before its first one at or after this time.</summary>
    public DateTimeOffset? Until { get; init; }

    /// <summary>Whether a chain is in it.</summary>
    public bool Has(string chain)
    {
        ArgumentNullException.ThrowIfNull(chain);
        if (Release is { } release)
        {
            return string.Equals(chain, AuditScope.Of(release), StringComparison.Ordinal);
        }

        if (Scope is not null)
        {
            return string.Equals(chain, Scope, StringComparison.Ordinal);
        }

        return Model is not { } model || (chain.StartsWith(AuditScope.ReleasePrefix, StringComparison.Ordinal)
            ? ReleaseId.TryParse(chain[AuditScope.ReleasePrefix.Length..], out var id, out _) && id.Model == model
            : string.Equals(chain, AuditScope.Of(model), StringComparison.Ordinal));
    }

    /// <summary>The entries of one chain that are in it, without a gap.</summary>
    public async IAsyncEnumerable<T> Within<T>(IAsyncEnumerable<T> chain, Func<T, DateTimeOffset> at, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(at);
        var begun = Since is null;
        await foreach (var entry in chain.WithCancellation(cancellationToken))
        {
            begun |= at(entry) >= Since;
            if (at(entry) >= Until && begun)
            {
                yield break;
            }

            if (begun)
            {
                yield return entry;
            }
        }
    }
}
