using ModelFlow.Core.People;

namespace ModelFlow.Core.Ports;

/// <summary>The people a policy can name, with their ways to sign in. There are few: they are read all at once.</summary>
public interface IPeopleStore
{
    /// <summary>All people, removed ones too, by name.</summary>
    Task<IReadOnlyList<Person>> ListAsync(CancellationToken cancellationToken);

    /// <summary>Changes one person, or enters them; the one written, or null if <paramref name="change"/> wants nothing written.</summary>
    /// <param name="name">The person's name.</param>
    /// <param name="change">From the person as stored (null: not there) to the person to store; may run more than once.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task<Person?> UpdateAsync(string name, Func<Person?, Person?> change, CancellationToken cancellationToken);
}
