using ModelFlow.Core.Approvals;

namespace ModelFlow.Core.People;

/// <summary>Who is who at one moment. An identity that nobody has is a person of its own.</summary>
public sealed class PeopleDirectory
{
    private readonly Dictionary<string, Person> _byIdentity = new(StringComparer.Ordinal);

    /// <summary>A directory of these people; of two who claim the same identity the first has it.</summary>
    public PeopleDirectory(IEnumerable<Person> people)
    {
        ArgumentNullException.ThrowIfNull(people);
        foreach (var person in people)
        {
            _byIdentity[person.Name] = person;
            foreach (var identity in person.Identities)
            {
                _byIdentity.TryAdd(identity, person);
            }
        }
    }

    /// <summary>A directory of nobody.</summary>
    public static PeopleDirectory Empty { get; } = new([]);

    /// <summary>Whose identity this is; null if nobody's.</summary>
    public Person? Find(string identity) => _byIdentity.GetValueOrDefault(identity);

    /// <summary>The name of the person with the identity; the identity itself if it is nobody's.</summary>
    public string NameOf(string identity) => Find(identity)?.Name ?? identity;

    /// <summary>Whether two identities are one person's.</summary>
    public bool AreSame(string one, string other) => string.Equals(NameOf(one), NameOf(other), StringComparison.Ordinal);

    /// <summary>Whether the person with the identity was removed.</summary>
    public bool IsRemoved(string identity) => Find(identity) is { RemovedAt: not null };

    /// <summary>Whether somebody is meant by an entry of a policy: a person's name, an identity, or <c>group:name</c>.</summary>
    /// <param name="identity">The identity they signed in with.</param>
    /// <param name="groups">The groups their sign-in says they are in.</param>
    /// <param name="entry">The entry.</param>
    public bool Is(string identity, IReadOnlyList<string> groups, string entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        if (!entry.StartsWith(ApprovalRule.GroupPrefix, StringComparison.Ordinal))
        {
            return AreSame(identity, entry);
        }

        var group = entry[ApprovalRule.GroupPrefix.Length..];
        return groups.Contains(group, StringComparer.Ordinal) || Find(identity)?.Groups.Contains(group, StringComparer.Ordinal) == true;
    }
}
