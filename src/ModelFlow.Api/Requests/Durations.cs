using System.Globalization;

namespace ModelFlow.Api.Requests;

/// <summary>Durations as people write them: <c>500ms</c>, <c>20s</c>, <c>5m</c>, <c>2h</c>, <c>7d</c>; or as JSON has them: <c>[d.]hh:mm:ss</c>.</summary>
internal static class Durations
{
    private static readonly (string Suffix, TimeSpan Unit)[] Units =
    [
        ("ms", TimeSpan.FromMilliseconds(1)), ("s", TimeSpan.FromSeconds(1)), ("m", TimeSpan.FromMinutes(1)), ("h", TimeSpan.FromHours(1)), ("d", TimeSpan.FromDays(1)),
    ];

    public static bool TryParse(string text, out TimeSpan duration)
    {
        foreach (var (suffix, unit) in Units)
        {
            if (text.EndsWith(suffix, StringComparison.Ordinal)
                && int.TryParse(text.AsSpan(0, text.Length - suffix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && count <= TimeSpan.FromDays(36_500) / unit)
            {
                duration = unit * count;
                return true;
            }
        }

        return TimeSpan.TryParseExact(text, "c", CultureInfo.InvariantCulture, TimeSpanStyles.None, out duration);
    }

    /// <summary>In the greatest unit that gives a whole number.</summary>
    public static string Format(TimeSpan duration)
    {
        var (suffix, unit) = Units.LastOrDefault(u => duration.Ticks % u.Unit.Ticks == 0 && duration >= u.Unit, Units[0]);
        return $"{duration.Ticks / unit.Ticks}{suffix}";
    }
}
