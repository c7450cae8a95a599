using ModelFlow.Core.People;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>People in memory.</summary>
public sealed class InMemoryPeopleStore : IPeopleStore
{
    private readonly Lock _gate = new();
    private readonly SortedDictionary<string, string> _people = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public Task<IReadOnlyList<Person>> ListAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            return Task.FromResult<IReadOnlyList<Person>>([.. _people.Values.Select(Json.Read<Person>)]);
        }
    }

    /// <inheritdoc/>
    public Task<Person?> UpdateAsync(string name, Func<Person?, Person?> change, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            var stored = _people.TryGetValue(name, out var json) ? Json.Read<Person>(json) : null;
            var changed = change(stored);
            if (changed is not null)
            {
                _people[name] = Json.Write(changed);
            }

            return Task.FromResult(changed ?? stored);
        }
    }
}
