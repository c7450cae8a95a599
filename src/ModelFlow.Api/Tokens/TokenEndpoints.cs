using System.Globalization;
using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Tokens;

/// <summary>Bearer tokens and who one is.</summary>
internal static class TokenEndpoints
{
    private const int MostNameCharacters = 64;

    public static void MapTokens(this RouteGroupBuilder api)
    {
        api.MapGet("/whoami", WhoAmI).AllowAnyToken().WithTags("Tokens").WithSummary("Who the token is and what it may do.");
        var tokens = api.MapGroup("/tokens").WithTags("Tokens").OverAllModels();
        tokens.MapGet("/", ListAsync).Allow(Role.Admin).WithSummary("Lists the tokens, without secrets.");
        tokens.MapPost("/", CreateAsync).Allow(Role.Admin).WithSummary("Makes a token and shows it once.");
        tokens.MapDelete("/{name}", RevokeAsync).Allow(Role.Admin).WithSummary("Revokes a token for good, everywhere within 5 seconds.");
    }

    private static Ok<Identified> WhoAmI(Caller caller) => TypedResults.Ok(Identified.Of(caller.User));

    private static async Task<Ok<ItemList<TokenItem>>> ListAsync(ITokenStore tokens, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ItemList<TokenItem>(await tokens.ListAsync(cancellationToken)
            .Select(t => new TokenItem(t.Name, t.Roles, t.CreatedAt, t.ExpiresAt, t.RevokedAt)).ToListAsync(cancellationToken)));

    private static async Task<Results<Created<NewToken>, Problem>> CreateAsync(
        Body<CreateTokenRequest> body, Caller caller, ManageTokens tokens, TimeProvider time, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var request = body.Value;
        if (!IsName(request.Name))
        {
            fields.Add("name", $"must be 1 to {MostNameCharacters} letters, digits, '-', '_', '.' or '@', and not 'modelflow', which stands for the system itself.");
        }

        var roles = request.Roles ?? [];
        if (roles.Count == 0)
        {
            fields.Add("roles", $"needs at least one of {Roles.Listed}.");
        }

        for (var i = 0; i < roles.Count; i++)
        {
            if (!Grant.TryParse(roles[i], out _, out var error))
            {
                fields.Add($"roles[{i}]", error);
            }
        }

        var lifetime = fields.OptionalDuration("expiresIn", request.ExpiresIn, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3_650));
        var requester = caller.Request(fields, request.RequestId);
        fields.Check();

        var secret = TokenSecret.Create();
        var now = time.GetUtcNow();
        var token = new TokenRecord
        {
            Name = request.Name!, // Checked above.
            SecretHash = secret.Hash,
            Roles = [.. roles.Distinct(StringComparer.Ordinal)],
            CreatedAt = now,
            ExpiresAt = now + lifetime,
        };
        return await tokens.AddAsync(token, requester, cancellationToken)
            ? TypedResults.Created($"/api/tokens/{token.Name}", new NewToken(token.Name, token.Roles, token.CreatedAt, token.ExpiresAt, secret.Reveal()))
            : Problem.Conflict("name-taken", "The name is taken.", $"A token named '{token.Name}' exists or existed.", "Choose another name: it is an identity in the audit log and is never given again.");
    }

    private static async Task<Results<NoContent, Problem>> RevokeAsync(string name, Caller caller, ManageTokens tokens, TokenLookup lookup, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        if (!IsName(name))
        {
            fields.Add("name", "is not a token's name.");
        }

        var requester = caller.Request(fields);
        fields.Check();
        switch (await tokens.RevokeAsync(name, requester, cancellationToken))
        {
            case RevokeToken.Revoked:
                lookup.Forget(name);
                return TypedResults.NoContent();
            case RevokeToken.LastAdmin:
                return Problem.Conflict("conflict", "The last admin token stays.", $"'{name}' is the last valid token with the role admin; without it nobody could make tokens.", "Make another admin token first.");
            default:
                return Problem.NotFound($"There is no token named '{name}'.", "GET /api/tokens lists them.");
        }
    }

    private static bool IsName(string? name) => name is { Length: >= 1 and <= MostNameCharacters }
        && name.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '@')
        && !name.Equals("modelflow", StringComparison.OrdinalIgnoreCase);
}

/// <summary>Asks for a token.</summary>
public sealed record CreateTokenRequest
{
    /// <summary>Its name: the identity in every audit.</summary>
    public string? Name { get; init; }

    /// <summary>What it may do: roles, for all models or, as in <c>approver:digits</c> and <c>operator:llm-*</c>, for some.</summary>
    public IReadOnlyList<string>? Roles { get; init; }

    /// <summary>How long it works, for example <c>90d</c>; for good if left out.</summary>
    public string? ExpiresIn { get; init; }

    /// <summary>For the audit log; the name already makes the request unrepeatable.</summary>
    public string? RequestId { get; init; }
}

/// <summary>A token, shown once.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Roles">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working.</param>
/// <param name="Token">The secret.</param>
public sealed record NewToken(string Name, IReadOnlyList<string> Roles, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, string Token);

/// <summary>A token without its secret.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Roles">What it may do.</param>
/// <param name="CreatedAt">When it was made.</param>
/// <param name="ExpiresAt">When it stops working.</param>
/// <param name="RevokedAt">When it was revoked.</param>
public sealed record TokenItem(string Name, IReadOnlyList<string> Roles, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt, DateTimeOffset? RevokedAt);

/// <summary>Who somebody is.</summary>
/// <param name="Name">The identity in every audit.</param>
/// <param name="Roles">What it may do.</param>
/// <param name="ExpiresAt">When the token stops working, or the session ends.</param>
/// <param name="DisplayName">What the identity's provider calls it.</param>
/// <param name="Groups">Its groups, by its provider.</param>
public sealed record Identified(string Name, IReadOnlyList<string> Roles, DateTimeOffset? ExpiresAt, string? DisplayName = null, IReadOnlyList<string>? Groups = null)
{
    internal static Identified Of(ClaimsPrincipal user)
    {
        var expires = user.FindFirst(ClaimTypes.Expiration)?.Value;
        return new Identified(
            user.Identity?.Name ?? "",
            [.. user.Grants().Select(g => g.ToString())],
            expires is null ? null : DateTimeOffset.Parse(expires, CultureInfo.InvariantCulture),
            user.DisplayName(),
            user.Groups() is { Count: > 0 } groups ? groups : null);
    }
}
