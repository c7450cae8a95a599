using System.Buffers;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// The slice of traffic that a client says its request belongs to, in the header <see cref="Header"/>: 1 to 32 letters, digits, '-', '_' or '.' of ASCII. What is
/// written otherwise, and what comes after <see cref="MaxDistinct"/> different ones, counts as <see cref="Other"/>.
/// </summary>
public static class SliceName
{
    /// <summary>The request header.</summary>
    public const string Header = "x-modelflow-slice";

    /// <summary>The most characters.</summary>
    public const int MaxLength = 32;

    /// <summary>The most slices that are told apart.</summary>
    public const int MaxDistinct = 20;

    /// <summary>All other slices together.</summary>
    public const string Other = "other";

    private static readonly SearchValues<char> Allowed = SearchValues.Create("-._0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    /// <summary>Whether a slice can have this name.</summary>
    public static bool IsValid(ReadOnlySpan<char> name) => name.Length is > 0 and <= MaxLength && !name.ContainsAnyExcept(Allowed);

    /// <summary>What a header's value counts as; null where there is none.</summary>
    public static string? Of(string? header) => string.IsNullOrEmpty(header) ? null : IsValid(header) ? header : Other;
}
