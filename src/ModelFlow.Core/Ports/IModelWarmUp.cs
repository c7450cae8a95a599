using ModelFlow.Core.Catalog;

namespace ModelFlow.Core.Ports;

/// <summary>Prepares a loaded version for traffic: what a server does once (planning memory, compiling kernels, filling caches) is not done by a user's request.</summary>
public interface IModelWarmUp
{
    /// <summary>Sends requests to the version on each of its replicas, one after the other, the way clients' requests come.</summary>
    /// <param name="version">A version that is loaded.</param>
    /// <param name="replicas">The base addresses of its replicas.</param>
    /// <param name="requests">How many each replica gets, at least 1.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task<WarmUpModel> WarmUpAsync(VersionRecord version, IReadOnlyList<Uri> replicas, int requests, CancellationToken cancellationToken);
}

/// <summary>The outcome of warming up.</summary>
public abstract record WarmUpModel
{
    private WarmUpModel()
    {
    }

    /// <summary>Every request was answered.</summary>
    /// <param name="First">What the first one took, on the slowest replica.</param>
    /// <param name="Last">What the last one took, on the slowest replica.</param>
    public sealed record Warm(TimeSpan First, TimeSpan Last) : WarmUpModel;

    /// <summary>No request could be made up that the version takes; says nothing against it.</summary>
    public sealed record NotPossible(string Reason) : WarmUpModel;

    /// <summary>The version failed a request.</summary>
    public sealed record Failed(string Reason) : WarmUpModel;
}
