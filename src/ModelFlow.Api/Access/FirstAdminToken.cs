using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Access;

/// <summary>Makes the token that lets the first person in.</summary>
public sealed class FirstAdminToken(ITokenStore store, ManageTokens tokens, TimeProvider time)
{
    /// <summary>
    /// Makes an admin token if no valid one exists: at the first start, and after the last one expired. Only its hash is stored:
    /// the host must show the returned secret, or write it where only its user can read. Null if there is one.
    /// </summary>
    public Task<CreatedToken?> EnsureAsync(CancellationToken cancellationToken) => EnsureAsync(TokenSecret.Create(), cancellationToken);

    /// <summary>The same, with a secret that the operator chose and keeps.</summary>
    public async Task<CreatedToken?> EnsureAsync(TokenSecret secret, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var names = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        await foreach (var token in store.ListAsync(cancellationToken))
        {
            if (ManageTokens.IsValidAdmin(token, now))
            {
                return null;
            }

            names.Add(token.Name);
        }

        var name = Enumerable.Range(1, int.MaxValue).Select(i => i == 1 ? "admin" : $"admin-{i}").First(n => !names.Contains(n));
        var record = new TokenRecord { Name = name, SecretHash = secret.Hash, Roles = [Role.Admin.ToText()], CreatedAt = now };

        // Two hosts that start at once would both make "admin": the slower one is refused and has nothing to show.
        return await tokens.AddAsync(record, new Requester("modelflow", name), cancellationToken) ? new CreatedToken(name, secret) : null;
    }
}

/// <summary>A token that was just made.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Secret">Its secret, not kept anywhere.</param>
public sealed record CreatedToken(string Name, TokenSecret Secret);
