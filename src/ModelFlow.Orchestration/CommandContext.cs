using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration;

/// <summary>What a command may know.</summary>
/// <param name="State">The release when the command was decided.</param>
/// <param name="Pending">The command.</param>
/// <param name="Policy">The policy the release runs under.</param>
public sealed record CommandContext(ReleaseState State, PendingCommand Pending, Policy Policy)
{
    /// <summary>The release.</summary>
    public ReleaseId Id => State.Id;

    /// <summary>The model.</summary>
    public ModelName Model => State.Id.Model;

    /// <summary>The version.</summary>
    public VersionName Version => State.Id.Version;

    /// <summary>The same for every run of this command: what its route change is signed with.</summary>
    public string Cause => $"{State.Id}#{Pending.Seq}";
}
