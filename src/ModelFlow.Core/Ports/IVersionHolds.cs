using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>Legal holds: while the files of a version have one, nobody can delete or overwrite them; they can be read, and moved to other tiers.</summary>
public interface IVersionHolds
{
    /// <summary>Whether holds are asked for. Where not, none is set.</summary>
    bool IsOn { get; }

    /// <summary>
    /// Sets a hold on every file of a version that lacks it, or lifts it from every file that has it. The same call again finishes what one before could not.
    /// A storage that fails is an outcome, too.
    /// </summary>
    Task<SetHold> SetAsync(ModelName model, VersionName version, bool hold, CancellationToken cancellationToken);
}

/// <summary>The outcome of setting or lifting a hold.</summary>
public abstract record SetHold
{
    private SetHold()
    {
    }

    /// <summary>Every file is as asked for.</summary>
    /// <param name="Files">How many there are.</param>
    /// <param name="Changed">How many were not before.</param>
    public sealed record Done(int Files, int Changed) : SetHold;

    /// <summary>Not every file is, or nobody knows; worth another try.</summary>
    public sealed record Incomplete(string Reason) : SetHold;

    /// <summary>The storage sets and lifts no holds, or not for this identity; a person must put something right.</summary>
    public sealed record Refused(string Reason) : SetHold;
}
