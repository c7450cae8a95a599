using System.Reflection;
using System.Security.Claims;
using Microsoft.AspNetCore.Http;
using ModelFlow.Api.Access;
using ModelFlow.Core.Naming;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Requests;

/// <summary>Who sent a request, and its <c>Idempotency-Key</c>.</summary>
internal sealed class Caller
{
    private const string Header = "Idempotency-Key";
    private const int MostIdCharacters = 64;

    private readonly string? _headerKey;

    private Caller(ClaimsPrincipal user, string? headerKey)
    {
        User = user;
        _headerKey = headerKey;
    }

    public ClaimsPrincipal User { get; }

    public string Name => User.Identity?.Name ?? throw new InvalidOperationException("A route that changes something was reached without an identity.");

    public static ValueTask<Caller> BindAsync(HttpContext context)
    {
        var values = context.Request.Headers[Header];
        return ValueTask.FromResult(new Caller(context.User, values.Count == 0 ? null : string.Join(',', values.ToArray())));
    }

    /// <summary>The groups that a provider of identities says the caller is in.</summary>
    public IReadOnlyList<string> Groups => User.Groups();

    /// <summary>Whether the caller has a role that includes <paramref name="role"/> over the model.</summary>
    public bool Has(Role role, ModelName model) => User.May(role, Reach.Parse(model.Value));

    /// <summary>Whether the model is for the caller's eyes: what a list that is filtered leaves in.</summary>
    public bool Sees(ModelName model) => Has(Role.Reader, model);

    /// <summary>Whether all of these models are for the caller's eyes.</summary>
    public bool Sees(ModelScope models) => User.May(Role.Reader, models);

    /// <summary>Whether something about these models concerns any that is for the caller's eyes.</summary>
    public bool SeesAny(ModelScope models) => User.Grants().Any(g => g.Suffices(Role.Reader, models) || (g.Suffices(Role.Reader, concern: null) && g.Scope is { } scope && models.Includes(scope)));

    /// <summary>The request's id from the header or the body; a new one if there is none.</summary>
    public Requester Request(Fields fields, string? bodyId = null)
    {
        CheckId(fields, Header, _headerKey);
        CheckId(fields, "requestId", bodyId);
        if (_headerKey is not null && bodyId is not null && !string.Equals(_headerKey, bodyId, StringComparison.Ordinal))
        {
            fields.Add("requestId", $"differs from the header '{Header}'; send one of them.");
        }

        return new Requester(Name, bodyId ?? _headerKey ?? Guid.NewGuid().ToString("N"));
    }

    /// <summary>For what needs no id, because doing it twice is doing it once: a header that is there is still a right one.</summary>
    public void CheckKey(Fields fields) => CheckId(fields, Header, _headerKey);

    private static void CheckId(Fields fields, string path, string? id)
    {
        if (id is not null && (id.Length is 0 or > MostIdCharacters || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')))
        {
            fields.Add(path, $"must be 1 to {MostIdCharacters} letters, digits, '-', '_' or '.'.");
        }
    }
}
