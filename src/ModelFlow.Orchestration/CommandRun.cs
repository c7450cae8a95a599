using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration;

/// <summary>The outcome of running a command.</summary>
public abstract record CommandRun
{
    private CommandRun()
    {
    }

    /// <summary>It is done; its result is to be stored.</summary>
    public sealed record Done(CommandResult Result) : CommandRun;

    /// <summary>What it started goes on without this process. It is to be run again after <paramref name="LookAgainAfter"/>, and finds it.</summary>
    public sealed record NotYet(TimeSpan LookAgainAfter) : CommandRun;
}
