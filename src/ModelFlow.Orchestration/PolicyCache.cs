using System.Collections.Concurrent;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration;

/// <summary>Parsed policies by digest. A digest names its bytes, so an entry never goes stale.</summary>
public sealed class PolicyCache(IPolicyStore policies)
{
    private readonly ConcurrentDictionary<Sha256Digest, Policy> _parsed = new();

    /// <summary>The policy of <paramref name="digest"/>.</summary>
    /// <exception cref="InvalidOperationException">It is not stored or no longer parses: the storage was tampered with.</exception>
    public async Task<Policy> GetAsync(Sha256Digest digest, CancellationToken cancellationToken)
    {
        if (_parsed.TryGetValue(digest, out var known))
        {
            return known;
        }

        var yaml = await policies.GetAsync(digest, cancellationToken)
            ?? throw new InvalidOperationException($"The policy {digest} is not in the 'policies' container.");
        return PolicyReader.Read(yaml) switch
        {
            ParsePolicy.Parsed parsed => _parsed.GetOrAdd(digest, parsed.Policy),
            ParsePolicy.Invalid invalid => throw new InvalidOperationException($"The stored policy {digest} is not valid: {string.Join(' ', invalid.Errors)}"),
            _ => throw new InvalidOperationException("Unknown outcome of reading a policy."),
        };
    }
}
