using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;
using Semver;

namespace ModelFlow.Core.Naming;

/// <summary>
/// The name of a version: <c>v</c>, a Semantic Versioning 2.0 core and an optional purpose in the grammar of a
/// SemVer pre-release, for example <c>v1.2.3-finetune-on-datasetX</c>; at most 48 characters.
/// Ordered by the three numbers; versions with equal numbers are siblings and compare by purpose only to make
/// the order total. Two names that differ only in letter case are the same storage path: see <see cref="Key"/>.
/// </summary>
public readonly partial record struct VersionName : IComparable<VersionName>
{
    /// <summary>The most characters a version name may have.</summary>
    public const int MaxLength = 48;

    private readonly string? _value;
    private readonly SemVersion? _semver;

    private VersionName(string value, SemVersion semver)
    {
        _value = value;
        _semver = semver;
    }

    /// <summary>The name as written, with the leading <c>v</c>.</summary>
    public string Value => _value ?? "";

    /// <summary>The name in lower case: two versions of one model may not share it.</summary>
#pragma warning disable CA1308 // The storage key is lower case by definition; the name is ASCII.
    public string Key => Value.ToLowerInvariant();
#pragma warning restore CA1308

    /// <summary>The purpose, for example <c>finetune-on-datasetX</c>; empty when there is none.</summary>
    public string Purpose => _semver?.Prerelease ?? "";

    /// <summary>Parses <paramref name="text"/>, or says in <paramref name="error"/> what is wrong and where it belongs instead.</summary>
    public static bool TryParse(string? text, out VersionName name, [NotNullWhen(false)] out string? error)
    {
        name = default;
        error = Check(text);
        if (error is not null)
        {
            return false;
        }

        if (!SemVersion.TryParse(text![1..], SemVersionStyles.Strict, out var semver))
        {
            error = $"The version '{text}' is not 'v' + a semantic version: write v1.2.3 or v1.2.3-purpose, without leading zeros (https://semver.org).";
            return false;
        }

        name = new VersionName(text, semver);
        return true;
    }

    /// <summary>Parses <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">The text is not a version name; the message says why.</exception>
    public static VersionName Parse(string text) =>
        TryParse(text, out var name, out var error) ? name : throw new FormatException(error);

    /// <summary>Whether both have the same three numbers.</summary>
    public bool IsSiblingOf(VersionName other) =>
        _semver is { } a && other._semver is { } b && a.Major == b.Major && a.Minor == b.Minor && a.Patch == b.Patch;

    /// <inheritdoc/>
    public int CompareTo(VersionName other)
    {
        if (_semver is not { } a || other._semver is not { } b)
        {
            return string.CompareOrdinal(Value, other.Value);
        }

        var byNumber = a.Major.CompareTo(b.Major);
        byNumber = byNumber != 0 ? byNumber : a.Minor.CompareTo(b.Minor);
        byNumber = byNumber != 0 ? byNumber : a.Patch.CompareTo(b.Patch);
        return byNumber != 0 ? byNumber : string.CompareOrdinal(Value, other.Value);
    }

    /// <inheritdoc/>
    public bool Equals(VersionName other) => string.Equals(Value, other.Value, StringComparison.Ordinal);

    /// <inheritdoc/>
    public override int GetHashCode() => StringComparer.Ordinal.GetHashCode(Value);

    /// <inheritdoc/>
    public override string ToString() => Value;

    /// <summary>Order by number.</summary>
    public static bool operator <(VersionName left, VersionName right) => left.CompareTo(right) < 0;

    /// <summary>Order by number.</summary>
    public static bool operator >(VersionName left, VersionName right) => left.CompareTo(right) > 0;

    /// <summary>Order by number.</summary>
    public static bool operator <=(VersionName left, VersionName right) => left.CompareTo(right) <= 0;

    /// <summary>Order by number.</summary>
    public static bool operator >=(VersionName left, VersionName right) => left.CompareTo(right) >= 0;

    private static string? Check(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "A version name is needed, for example 'v1.2.0-base'.";
        }

        if (text.Length > MaxLength)
        {
            return $"The version name has {text.Length} characters; at most {MaxLength} are allowed.";
        }

        if (text.Equals("latest", StringComparison.OrdinalIgnoreCase) || text.Equals("stable", StringComparison.OrdinalIgnoreCase))
        {
            return $"'{text}' is not a version name: nothing may be called so, because what it means would change. Name a version, for example 'v1.2.0-base'.";
        }

        if (text.Contains('+', StringComparison.Ordinal))
        {
            return $"The version '{text}' has build metadata ('+…'); put it into the manifest's lineage instead.";
        }

        if (text[0] != 'v')
        {
            return $"The version '{text}' must begin with a lower-case 'v', for example 'v1.2.0-base'.";
        }

        if (DateOrTime().Match(text) is { Success: true } time)
        {
            return $"The version '{text}' has the time '{time.Value}' in its name; put training times into the manifest ('lineage.trainedAt').";
        }

        if (HashLike().Match(text) is { Success: true } hash)
        {
            return $"The version '{text}' has what looks like a hash, '{hash.Value}', in its name; put hashes into the manifest ('lineage.dataset.sha256', 'lineage.gitCommit').";
        }

        return null;
    }

    // A date such as 20260131, 2026-01-31 or 2026.01.31, optionally followed by a time of day.
    [GeneratedRegex(@"(?<![0-9A-Za-z])(19|20)[0-9]{2}[-._]?(0[1-9]|1[0-2])[-._]?(0[1-9]|[12][0-9]|3[01])([-._tT]?[0-9]{2}[-._h]?[0-9]{2}([-._]?[0-9]{2})?)?[zZ]?(?![0-9A-Za-z])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DateOrTime();

    // Seven or more hexadecimal digits in a purpose that hold both a letter and a digit: an abbreviated or whole digest.
    [GeneratedRegex(@"(?<![0-9A-Za-z])(?=[0-9a-fA-F]*[0-9])(?=[0-9a-fA-F]*[a-fA-F])[0-9a-fA-F]{7,}(?![0-9A-Za-z])", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex HashLike();
}
