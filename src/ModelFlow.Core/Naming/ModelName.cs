using System.Diagnostics.CodeAnalysis;

namespace ModelFlow.Core.Naming;

/// <summary>The name of a model: a lower-case DNS label (RFC 1123) of 1 to 40 characters.</summary>
public readonly record struct ModelName : IComparable<ModelName>
{
    /// <summary>The most characters a model name may have.</summary>
    public const int MaxLength = 40;

    private readonly string? _value;

    private ModelName(string value) => _value = value;

    /// <summary>The name as text.</summary>
    public string Value => _value ?? "";

    /// <summary>Parses <paramref name="text"/>, or says in <paramref name="error"/> what is wrong with it.</summary>
    public static bool TryParse(string? text, out ModelName name, [NotNullWhen(false)] out string? error)
    {
        name = default;
        if (string.IsNullOrEmpty(text))
        {
            error = "A model name is needed, for example 'digits'.";
            return false;
        }

        if (text.Length > MaxLength)
        {
            error = $"The model name has {text.Length} characters; at most {MaxLength} are allowed.";
            return false;
        }

        foreach (var c in text)
        {
            if (c is not ((>= 'a' and <= 'z') or (>= '0' and <= '9') or '-'))
            {
                error = $"The model name '{text}' has the character '{c}'; use lower-case letters, digits and '-' (a DNS label).";
                return false;
            }
        }

        if (text[0] == '-' || text[^1] == '-')
        {
            error = $"The model name '{text}' must begin and end with a letter or a digit.";
            return false;
        }

        error = null;
        name = new ModelName(text);
        return true;
    }

    /// <summary>Parses <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">The text is not a model name; the message says why.</exception>
    public static ModelName Parse(string text) =>
        TryParse(text, out var name, out var error) ? name : throw new FormatException(error);

    /// <inheritdoc/>
    public int CompareTo(ModelName other) => string.CompareOrdinal(Value, other.Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator <(ModelName left, ModelName right) => left.CompareTo(right) < 0;

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator >(ModelName left, ModelName right) => left.CompareTo(right) > 0;

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator <=(ModelName left, ModelName right) => left.CompareTo(right) <= 0;

    /// <summary>Ordinal order of the names.</summary>
    public static bool operator >=(ModelName left, ModelName right) => left.CompareTo(right) >= 0;
}
