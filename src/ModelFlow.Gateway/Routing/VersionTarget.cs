using ModelFlow.Core.Naming;
using ModelFlow.Gateway.OpenAi;

namespace ModelFlow.Gateway.Routing;

/// <summary>One version's replicas.</summary>
public sealed class VersionTarget
{
    private readonly Replica[] _replicas;
    private uint _next;

    internal VersionTarget(ModelName model, VersionName version, IReadOnlyList<Uri> endpoints, string? servedModel)
    {
        Name = version.Value;
        ServedModel = ModelFieldStream.Quote(servedModel ?? Name);
        _replicas = [.. endpoints.Select(e => new Replica(e, model, version))];
    }

    /// <summary>The version's name.</summary>
    public string Name { get; }

    /// <summary>What its servers call it in the bodies of OpenAI's API, as JSON: by default its name.</summary>
    public ReadOnlyMemory<byte> ServedModel { get; }

    /// <summary>The next replica, in turn. Only for a version that has one.</summary>
    public Replica Next() => _replicas.Length == 1 ? _replicas[0] : _replicas[Interlocked.Increment(ref _next) % (uint)_replicas.Length];
}

/// <summary>One replica's addresses, made once: building a URI for each request is a good part of a proxy's work.</summary>
public sealed class Replica
{
    private readonly Uri[] _addresses;

    internal Replica(Uri endpoint, ModelName model, VersionName version)
    {
        var prefix = endpoint.GetLeftPart(UriPartial.Path).TrimEnd('/');
        Prefix = prefix + "/";
        _addresses = [.. ModelOperation.All.Select(o => new Uri(prefix + (o.Protocol == Protocol.OpenAi ? "/v1" : $"/v2/models/{model}/versions/{version}") + o.Suffix))];
    }

    /// <summary>The base address, with a slash at its end.</summary>
    public string Prefix { get; }

    /// <summary>The address of an operation.</summary>
    public Uri AddressOf(ModelOperation operation) => _addresses[operation.Index];
}
