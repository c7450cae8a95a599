using System.Globalization;

namespace ModelFlow.Cli.Output;

/// <summary>How values are written for people.</summary>
internal static class Show
{
    /// <summary>Basis points as per cent.</summary>
    public static string Weight(int? basisPoints) => basisPoints is { } w ? (w / 100m).ToString("0.##", CultureInfo.InvariantCulture) + " %" : "";

    public static string Time(DateTimeOffset? at) => at is { } t ? t.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss'Z'", CultureInfo.InvariantCulture) : "";

    public static string Bytes(long bytes)
    {
        string[] units = ["B", "KiB", "MiB", "GiB", "TiB"];
        var (value, unit) = ((double)bytes, 0);
        while (value >= 1024 && unit < units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return value.ToString(unit == 0 ? "0" : "0.0", CultureInfo.InvariantCulture) + " " + units[unit];
    }

    public static string Number(double? number) => number is { } n ? n.ToString("0.####", CultureInfo.InvariantCulture) : "";

    public static string Signed(double? number) => number is { } n ? n.ToString("+0.####;-0.####;0", CultureInfo.InvariantCulture) : "";

    public static string Took(TimeSpan span) => span.TotalSeconds < 10
        ? span.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture) + " ms"
        : span.TotalMinutes < 2 ? span.TotalSeconds.ToString("0", CultureInfo.InvariantCulture) + " s" : span.ToString(@"d\.hh\:mm\:ss", CultureInfo.InvariantCulture).TrimStart('0', '.');

    /// <summary>A digest's first digits, enough to tell two apart.</summary>
    public static string Digest(string? digest)
    {
        var hex = digest?.Replace("sha256:", "", StringComparison.Ordinal) ?? "";
        return hex.Length > 12 ? hex[..12] : hex;
    }

    /// <summary>How a release ended or where it is, with its tone.</summary>
    public static Cell Stage(string stage, string? outcome) => outcome switch
    {
        null => new Cell(stage, Tone.Busy),
        "stable" => new Cell("stable", Tone.Good),
        _ => new Cell(outcome, Tone.Bad),
    };
}
