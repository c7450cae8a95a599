using System.Diagnostics.CodeAnalysis;
using ModelFlow.Gateway.OpenAi;

namespace ModelFlow.Gateway.Routing;

/// <summary>One version's replicas in one route.</summary>
public sealed class VersionTarget
{
    // A mask of 64 bits remembers which replicas a request has tried.
    private const int MostTried = 64;

    private readonly Replica[] _replicas;
    private readonly TimeProvider _time;

    internal VersionTarget(string name, string publicName, string? servedModel, VersionLoad load, Replica[] replicas, TimeProvider time)
    {
        Name = name;
        PublicName = publicName;
        ServedModel = ModelFieldStream.Quote(servedModel ?? name);
        Load = load;
        _replicas = replicas;
        _time = time;
    }

    /// <summary>The version's name, or that of a fresh instance of one.</summary>
    public string Name { get; }

    /// <summary>The version that answers, as clients are told it: of a fresh instance of stable, stable.</summary>
    public string PublicName { get; }

    /// <summary>What its servers call it in the bodies of OpenAI's API, as JSON: by default its name.</summary>
    public ReadOnlyMemory<byte> ServedModel { get; }

    /// <summary>How busy the version is, in this and all other routes.</summary>
    public VersionLoad Load { get; }

    /// <summary>The replicas.</summary>
    public IReadOnlyList<Replica> Replicas => _replicas;

    /// <summary>
    /// The replica for a request: of two random open ones the less busy (Mitzenmacher, "The Power of Two Choices in Randomized Load
    /// Balancing", 2001). Where none is open all are taken for open: a guess is better than refusing for certain.
    /// </summary>
    /// <param name="tried">The replicas the request has been at; the chosen one is added. 0 at first.</param>
    /// <param name="replica">The replica.</param>
    /// <returns>False if it has been at all of them.</returns>
    internal bool TryChoose(ref ulong tried, [NotNullWhen(true)] out Replica? replica)
    {
        replica = null;
        if (_replicas.Length == 1)
        {
            replica = tried == 0 ? _replicas[0] : null;
            replica?.Health.TryBegin();
            tried = 1;
            return replica is not null;
        }

        var now = _time.GetTimestamp();
        for (var attempt = 0; attempt < 2; attempt++)
        {
            if (Choose(tried, now, onlyOpen: true) is var open and >= 0 && _replicas[open].Health.TryBegin())
            {
                return Take(open, ref tried, out replica);
            }
        }

        return Choose(tried, now, onlyOpen: false) is var any and >= 0 && Take(any, ref tried, out replica);
    }

    private bool Take(int index, ref ulong tried, out Replica replica)
    {
        replica = _replicas[index];
        tried |= index < MostTried ? 1UL << index : 0;
        return true;
    }

    private int Choose(ulong tried, long now, bool onlyOpen)
    {
        var count = 0;
        for (var i = 0; i < _replicas.Length; i++)
        {
            count += IsCandidate(i, tried, now, onlyOpen) ? 1 : 0;
        }

        if (count == 0)
        {
            return -1;
        }

        var first = Random.Shared.Next(count);
        var second = count == 1 ? first : (first + 1 + Random.Shared.Next(count - 1)) % count;
        int a = -1, b = -1;
        for (int i = 0, at = 0; i < _replicas.Length; i++)
        {
            if (IsCandidate(i, tried, now, onlyOpen))
            {
                a = at == first ? i : a;
                b = at == second ? i : b;
                at++;
            }
        }

        // One that was open a moment ago may be no longer: then the other one, if there is any.
        return a < 0 ? b : b < 0 || _replicas[a].InFlight <= _replicas[b].InFlight ? a : b;
    }

    private bool IsCandidate(int index, ulong tried, long now, bool onlyOpen) =>
        (index >= MostTried || (tried >> index & 1) == 0) && (!onlyOpen || _replicas[index].Health.IsOpen(now));
}
