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

    /// <summary>
    /// What a route change is signed with: the same for every try of the same change, also by a later command after one whose
    /// answer was lost, and for no other.
    /// </summary>
    public string CauseOf(string change, long afterGeneration) => $"{State.Id}#{change}@{afterGeneration}";
}
