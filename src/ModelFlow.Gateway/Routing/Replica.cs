using ModelFlow.Core.Naming;

namespace ModelFlow.Gateway.Routing;

/// <summary>
/// One replica of a version: its health, how busy it is, and its addresses, made once: building a URI for each request is a good part of
/// a proxy's work. The same object in every route that names it.
/// </summary>
public sealed class Replica
{
    private readonly Uri[] _addresses;
    private int _inFlight;
    private int _protocol = -1;

    internal Replica(Uri endpoint, ModelName model, VersionName version, ReplicaHealth health)
    {
        var prefix = endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/');
        Prefix = prefix + "/";
        Health = health;
        _addresses = [.. ModelOperation.All.Select(o => new Uri(prefix + (o.Protocol == Protocol.OpenAi ? "/v1" : $"/v2/models/{model}/versions/{version}") + o.Suffix))];
    }

    /// <summary>The base address, with a slash at its end.</summary>
    public string Prefix { get; }

    /// <summary>Whether it is worth a request.</summary>
    public ReplicaHealth Health { get; }

    /// <summary>Requests it has not answered yet.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>The protocol in which it last answered well; null if it has not yet.</summary>
    public Protocol? Speaks => Volatile.Read(ref _protocol) is >= 0 and var p ? (Protocol)p : null;

    /// <summary>The address of an operation.</summary>
    public Uri AddressOf(ModelOperation operation) => _addresses[operation.Index];

    /// <summary>Notes that a request is sent.</summary>
    internal void Begin() => Interlocked.Increment(ref _inFlight);

    /// <summary>Notes that it came to its end.</summary>
    internal void End() => Interlocked.Decrement(ref _inFlight);

    /// <summary>Notes that it understood a request.</summary>
    internal void Answered(Protocol protocol)
    {
        if (Volatile.Read(ref _protocol) != (int)protocol)
        {
            Volatile.Write(ref _protocol, (int)protocol);
        }
    }
}
