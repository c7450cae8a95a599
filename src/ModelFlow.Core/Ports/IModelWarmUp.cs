using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Ports;

/// <summary>Prepares a loaded version for traffic: what a server does once (planning memory, compiling kernels, filling caches) is not done by a user's request.</summary>
public interface IModelWarmUp
{
    /// <summary>Sends requests to the version on each of its replicas, one after the other, the way clients' requests come.</summary>
    /// <param name="version">A version that is loaded.</param>
    /// <param name="replicas">The base addresses of its replicas.</param>
    /// <param name="plan">What to send.</param>
    /// <param name="cancellationToken">Ends it.</param>
    Task<WarmUpModel> WarmUpAsync(VersionRecord version, IReadOnlyList<Uri> replicas, WarmUpPlan plan, CancellationToken cancellationToken);
}

/// <summary>What a warm-up sends.</summary>
/// <param name="Requests">How many requests each replica gets, at least 1; fewer where they take too long.</param>
/// <param name="Rows">The rows to send; made-up ones where these cannot be used.</param>
/// <param name="Label">Their column with the true class, which is no input.</param>
public sealed record WarmUpPlan(int Requests, DatasetReference Rows, string Label)
{
    /// <summary>What the servers call a language model in the bodies of OpenAI's API; null for a model with tensors.</summary>
    public string? ServedModel { get; init; }

    /// <summary>The name that the version is served under; null for its own.</summary>
    public VersionName? Instance { get; init; }
}

/// <summary>The outcome of warming up.</summary>
public abstract record WarmUpModel
{
    private WarmUpModel()
    {
    }

    /// <summary>Every request was answered.</summary>
    /// <param name="Requests">How many each replica had, at least 1.</param>
    /// <param name="What">What was sent, in words, and why if it is not the plan's rows.</param>
    /// <param name="First">What the first one took, on the slowest replica.</param>
    /// <param name="Last">What the last one took, on the slowest replica.</param>
    public sealed record Warm(int Requests, string What, TimeSpan First, TimeSpan Last) : WarmUpModel;

    /// <summary>No request could be made up that the version takes; says nothing against it.</summary>
    public sealed record NotPossible(string Reason) : WarmUpModel;

    /// <summary>The version failed a request.</summary>
    public sealed record Failed(string Reason) : WarmUpModel;
}
