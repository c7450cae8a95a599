using System.Globalization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>
/// The name under which model servers hold stable a second time, fresh, for the time of one release: <c>v1.2.0-baseline.kqmvjrhg</c>. It has stable's numbers and eight
/// letters that stand for the release and the version, so each release gets an instance of its own. No uploaded version may be called so.
/// </summary>
public static class BaselineInstance
{
    private const string Prefix = "baseline.";
    private const int Letters = 8;

    // Names of versions may not look like hashes: letters that are no hexadecimal digits.
    private const char First = 'g';

    /// <summary>The instance's name.</summary>
    /// <param name="release">The release that compares with it.</param>
    /// <param name="stable">The version it is an instance of.</param>
    public static VersionName NameFor(ReleaseId release, VersionName stable)
    {
        var letters = string.Concat(Sha256Digest.Of($"{release}/{stable}").Hex.Take(Letters).Select(digit => (char)(First + int.Parse([digit], NumberStyles.HexNumber, CultureInfo.InvariantCulture))));
        var numbers = stable.Purpose.Length == 0 ? stable.Value : stable.Value[..^(stable.Purpose.Length + 1)];
        var suffix = $"-{Prefix}{letters}";
        return VersionName.Parse((numbers.Length + suffix.Length <= VersionName.MaxLength ? numbers : "v0.0.0") + suffix);
    }

    /// <summary>Whether a name is one of an instance.</summary>
    public static bool Is(VersionName version) =>
        version.Purpose.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) && version.Purpose.Length == Prefix.Length + Letters
        && version.Purpose[Prefix.Length..].All(c => char.ToLowerInvariant(c) is >= First and < (char)(First + 16));
}
