using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using ModelFlow.Core.Naming;

namespace ModelFlow.Api.Access;

/// <summary>A role that somebody has: for all models, <c>approver</c>, or for some, <c>approver:digits</c> or <c>operator:llm-*</c>.</summary>
/// <param name="Role">The role.</param>
/// <param name="Scope">The models it is bound to; null for a role over all of them, and over what concerns no model.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Grant(Role Role, ModelScope? Scope)
{
    /// <summary>Parses the exact text, or says in <paramref name="error"/> what is wrong with it.</summary>
    public static bool TryParse(string? text, out Grant grant, [NotNullWhen(false)] out string? error)
    {
        grant = default;
        error = null;
        var parts = text?.Split(':', 2) ?? [];
        if (parts.Length == 0 || !Roles.TryParse(parts[0], out var role))
        {
            error = $"'{text}' is not a role; use {Roles.Listed}, and behind it ':' and a model, or a prefix and '*', to bind it to models: approver:digits, operator:llm-*.";
        }
        else if (parts.Length == 1)
        {
            grant = new Grant(role, null);
        }
        else if (role == Role.Gateway)
        {
            error = "a gateway serves all models; write 'gateway' alone.";
        }
        else if (!ModelScope.TryParse(parts[1], out var scope, out error))
        {
            error = $"'{text}' is bound to no models: {error}";
        }
        else if (scope == ModelScope.All)
        {
            error = $"'{text}' is bound to nothing; write '{parts[0]}' alone for a role over everything.";
        }
        else
        {
            grant = new Grant(role, scope);
        }

        return error is null;
    }

    /// <summary>Whether it lets somebody do what needs <paramref name="needed"/> to the models of <paramref name="concern"/>; null for what concerns no model, which a role over any will do for.</summary>
    public bool Suffices(Role needed, ModelScope? concern) => Role.Includes(needed) && (Scope is not { } scope || concern is not { } models || scope.Includes(models));

    /// <inheritdoc/>
    public override string ToString() => Scope is { } scope ? $"{Role.ToText()}:{scope}" : Role.ToText();
}
