using ModelFlow.Core.Audit;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Says who somebody is: which identities are one person's, and which groups they are in.</summary>
public sealed class ManagePeople(IPeopleStore people, IAuditLog audit, TimeProvider time)
{
    /// <summary>Enters a person, or replaces their identities and groups. A removed person comes back.</summary>
    public async Task<SetPerson> SetAsync(string name, IReadOnlyList<string> identities, IReadOnlyList<string> groups, Requester requester, CancellationToken cancellationToken)
    {
        var others = new PeopleDirectory((await people.ListAsync(cancellationToken)).Where(p => !string.Equals(p.Name, name, StringComparison.Ordinal)));
        foreach (var identity in identities.Prepend(name))
        {
            if (others.Find(identity) is { } owner)
            {
                return new SetPerson.Taken(identity, owner.Name);
            }
        }

        var now = time.GetUtcNow();
        await RecordAsync(
            "personSet",
            name,
            $"entered '{name}'{(identities.Count > 0 ? $", who signs in as {string.Join(", ", identities)} too," : "")} in {(groups.Count > 0 ? "the groups " + string.Join(", ", groups) : "no group")}",
            now,
            requester,
            cancellationToken);
        var person = await people.UpdateAsync(
            name,
            stored => (stored ?? new Person { Name = name, CreatedAt = now }) with { Identities = identities, Groups = groups, RemovedAt = null },
            cancellationToken);
        return new SetPerson.Done(person!); // The change always wants something written.
    }

    /// <summary>Removes a person: nothing they approve, or have approved without effect yet, counts. Null if there is none of the name. Their tokens are not revoked.</summary>
    public async Task<Person?> RemoveAsync(string name, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (!(await people.ListAsync(cancellationToken)).Any(p => string.Equals(p.Name, name, StringComparison.Ordinal)))
        {
            return null;
        }

        var now = time.GetUtcNow();
        await RecordAsync("personRemoved", name, $"removed '{name}'{(reason is null ? "" : $": {reason}")}", now, requester, cancellationToken);
        return await people.UpdateAsync(name, stored => stored is null ? null : stored with { RemovedAt = stored.RemovedAt ?? now }, cancellationToken);
    }

    private Task RecordAsync(string action, string name, string message, DateTimeOffset at, Requester requester, CancellationToken cancellationToken) =>
        audit.AppendAsync(AuditScope.System, new AuditEntry(requester.IdFor(action, name), at, requester.By, action, name, message), cancellationToken);
}

/// <summary>The outcome of entering a person.</summary>
public abstract record SetPerson
{
    private SetPerson()
    {
    }

    /// <summary>As they are now.</summary>
    public sealed record Done(Person Person) : SetPerson;

    /// <summary>An identity is another person's.</summary>
    public sealed record Taken(string Identity, string Owner) : SetPerson;
}
