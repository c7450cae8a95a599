using ModelFlow.Core.People;
using ModelFlow.Core.Policies;

namespace ModelFlow.Core.Releases;

/// <summary>What a decision is made on, besides the state and the time.</summary>
public sealed record Facts
{
    /// <summary>The policy the release runs under.</summary>
    public required Policy Policy { get; init; }

    /// <summary>Signals that were not taken in yet, oldest first.</summary>
    public IReadOnlyList<Signal> Signals { get; init; } = [];

    /// <summary>The stored result of the pending command, if there is one.</summary>
    public CommandResult? Result { get; init; }

    /// <summary>Who is who; needed only while a release asks people: see <see cref="ReleaseState.Asked"/>.</summary>
    public PeopleDirectory People { get; init; } = PeopleDirectory.Empty;
}
