using System.Diagnostics.CodeAnalysis;

namespace ModelFlow.Core.Naming;

/// <summary>Models that something is about, a freeze, a subscription or a role: every one (<c>*</c>), the models whose names begin with a prefix (<c>digits-*</c>), or one model.</summary>
public readonly record struct ModelScope
{
    private readonly string? _value;

    private ModelScope(string value) => _value = value;

    /// <summary>Every model.</summary>
    public static ModelScope All { get; } = new("*");

    /// <summary>As text, for example <c>digits-*</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>The one model; null when it is a prefix or everything.</summary>
    public ModelName? Model => ModelName.TryParse(Value, out var model, out _) ? model : null;

    /// <summary>Parses <paramref name="text"/>, or says in <paramref name="error"/> what is wrong with it.</summary>
    public static bool TryParse(string? text, out ModelScope scope, [NotNullWhen(false)] out string? error)
    {
        scope = default;
        error = null;
        // What stands before the '*' is a prefix of some model's name if it is one with a letter behind it.
        if (!ModelName.TryParse(text?.EndsWith('*') == true ? text[..^1] + "x" : text, out _, out _))
        {
            error = $"'{text}' names no models: write '*' for all, a model's name, or a prefix of names and '*', for example 'digits-*'.";
            return false;
        }

        scope = new ModelScope(text!);
        return true;
    }

    /// <summary>Whether <paramref name="model"/> is covered.</summary>
    public bool Covers(ModelName model) => Value.EndsWith('*')
        ? model.Value.StartsWith(Value[..^1], StringComparison.Ordinal)
        : string.Equals(Value, model.Value, StringComparison.Ordinal);

    /// <summary>Whether every model that <paramref name="other"/> covers is covered, those that do not exist yet included.</summary>
    public bool Includes(ModelScope other) => Value.EndsWith('*')
        ? other.Value.StartsWith(Value[..^1], StringComparison.Ordinal)
        : string.Equals(Value, other.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override string ToString() => Value;
}
