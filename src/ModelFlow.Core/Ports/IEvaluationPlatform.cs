namespace ModelFlow.Core.Ports;

/// <summary>Runs containers as jobs: Container Apps, Kubernetes.</summary>
public interface IEvaluationPlatform
{
    /// <summary>What it is, for evidence and messages, for example <c>Container Apps job evaluator</c>.</summary>
    string Name { get; }

    /// <summary>Starts a container for a prepared start. The same start again may run a second container, which finds the claim and ends.</summary>
    Task<StartContainer> StartAsync(PreparedStart start, TimeSpan timeLimit, CancellationToken cancellationToken);

    /// <summary>What became of the containers of a start.</summary>
    Task<ContainerState> LookAsync(PreparedStart start, CancellationToken cancellationToken);

    /// <summary>Ends the containers of a start; none there is fine. False when it is not certain that they end: then their time limit does it.</summary>
    Task<bool> StopAsync(PreparedStart start, CancellationToken cancellationToken);
}

/// <summary>The outcome of starting a container.</summary>
public abstract record StartContainer
{
    private StartContainer()
    {
    }

    /// <summary>It is on its way, or was before.</summary>
    /// <param name="Name">The platform's name for it; null if it gave none.</param>
    public sealed record Started(string? Name) : StartContainer;

    /// <summary>The platform is busy or failed, and nobody knows whether it took effect. Look again, later.</summary>
    public sealed record Later(TimeSpan After, string Reason) : StartContainer;

    /// <summary>The platform will not do it; a person must put something right.</summary>
    public sealed record Refused(string Reason) : StartContainer;
}

/// <summary>What became of a start's containers.</summary>
public abstract record ContainerState
{
    private ContainerState()
    {
    }

    /// <summary>There is none.</summary>
    public sealed record None : ContainerState;

    /// <summary>One waits for its machine or runs.</summary>
    public sealed record Active(string Name) : ContainerState;

    /// <summary>All have ended; how the last one did.</summary>
    public sealed record Ended(string Name, string How) : ContainerState;

    /// <summary>The platform is busy or failed.</summary>
    public sealed record Unknown(TimeSpan After, string Reason) : ContainerState;
}
