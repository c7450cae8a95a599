using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Policies;

/// <summary>How the values in a policy are written: durations, shares, numbers and words, each with its range.</summary>
internal static partial class PolicyValues
{
    /// <summary>A duration: numbers with the units d, h, m, s, ms, larger units first, for example <c>90s</c>, <c>1h30m</c>, <c>3d</c>.</summary>
    public static ParseValue<TimeSpan> Duration(TimeSpan least, TimeSpan most) => (string text, out TimeSpan value, [NotNullWhen(false)] out string? error) =>
    {
        if (!TryDuration(text, out value))
        {
            error = $"'{text}' is not a duration: write a number with its unit, for example 90s, 10m, 1h30m or 3d.";
        }
        else
        {
            error = value < least || value > most ? $"{text} is out of range: {Show(least)} to {Show(most)} are allowed." : null;
        }

        return error is null;
    };

    /// <summary>The same, or the word <c>never</c>, which is null.</summary>
    public static ParseValue<TimeSpan?> DurationOrNever(TimeSpan least, TimeSpan most) => (string text, out TimeSpan? value, [NotNullWhen(false)] out string? error) =>
    {
        value = null;
        error = null;
        if (string.Equals(text, "never", StringComparison.Ordinal))
        {
            return true;
        }

        var good = Duration(least, most)(text, out var duration, out error);
        value = duration;
        error = good ? null : error + " Or write never.";
        return good;
    };

    /// <summary><c>true</c> or <c>false</c>.</summary>
    public static bool YesOrNo(string text, out bool value, [NotNullWhen(false)] out string? error)
    {
        value = string.Equals(text, "true", StringComparison.Ordinal);
        error = value || string.Equals(text, "false", StringComparison.Ordinal) ? null : $"'{text}' is neither true nor false.";
        return error is null;
    }

    /// <summary>
    /// A share of traffic with its unit: <c>5%</c>, <c>5 %</c>, <c>0.5 %</c>, <c>500 bp</c>. A bare number is refused:
    /// 5 could be five per cent or five basis points, a hundred times apart.
    /// </summary>
    public static bool Share(string text, out Weight value, [NotNullWhen(false)] out string? error)
    {
        value = default;
        error = null;
        var match = ShareShape().Match(text);
        if (!match.Success)
        {
            error = $"'{text}' is not a share of traffic: write it with its unit, for example 5 % (or 500 bp).";
            return false;
        }

        var points = decimal.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        points = match.Groups["unit"].ValueSpan is "%" ? points * 100 : points;
        if (points is <= 0 or > 10_000 || points != decimal.Truncate(points))
        {
            error = $"{text} is out of range: above 0 to 100 % in steps of 0.01 % are allowed.";
            return false;
        }

        value = new Weight((int)points);
        return true;
    }

    /// <summary>A fraction: <c>0.02</c> or <c>2 %</c>.</summary>
    public static ParseValue<double?> Fraction(double least, double most) => (string text, out double? value, [NotNullWhen(false)] out string? error) =>
    {
        var percent = text.EndsWith('%');
        var good = TryNumber(percent ? text[..^1].TrimEnd() : text, out var number);
        // Divided as decimals, so that 2 % is the same double as 0.02.
        value = good && percent && Math.Abs(number) < 1e6 ? (double)((decimal)number / 100) : number;
        error = !good ? $"'{text}' is not a fraction: write it like 0.02 or 2 %."
            : value < least || value > most ? $"{text} is out of range: {Plain(least)} to {Plain(most)} are allowed ({Plain(least * 100)} % to {Plain(most * 100)} %)."
            : null;
        return error is null;
    };

    /// <summary>The same where it must be there or has a default.</summary>
    public static ParseValue<double> FractionValue(double least, double most) => (string text, out double value, [NotNullWhen(false)] out string? error) =>
    {
        var good = Fraction(least, most)(text, out var fraction, out error);
        value = fraction ?? 0;
        return good;
    };

    /// <summary>A number without a unit.</summary>
    public static ParseValue<double?> Number(double least, double most, bool above = false) => (string text, out double? value, [NotNullWhen(false)] out string? error) =>
    {
        var good = TryNumber(text, out var number);
        value = number;
        error = !good ? $"'{text}' is not a number."
            : number < least || number > most || (above && number <= least) ? $"{text} is out of range: {(above ? "above " : "")}{Plain(least)} to {Plain(most)} are allowed."
            : null;
        return error is null;
    };

    /// <summary>A whole number.</summary>
    public static ParseValue<int> Whole(int least, int most) => (string text, out int value, [NotNullWhen(false)] out string? error) =>
    {
        error = !int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) ? $"'{text}' is not a whole number."
            : value < least || value > most ? $"{text} is out of range: {least} to {most:N0} are allowed."
            : null;
        return error is null;
    };

    /// <summary>The value of <paramref name="inner"/>, or the word <c>off</c>, which is null.</summary>
    public static ParseValue<double?> OrOff(ParseValue<double?> inner) => (string text, out double? value, [NotNullWhen(false)] out string? error) =>
    {
        value = null;
        error = null;
        if (string.Equals(text, "off", StringComparison.Ordinal))
        {
            return true;
        }

        var good = inner(text, out value, out error);
        error = good ? null : error + " Or write off.";
        return good;
    };

    /// <summary>One of an enum's names in camel case.</summary>
    public static bool Word<T>(string text, out T value, [NotNullWhen(false)] out string? error)
        where T : struct, Enum
    {
        value = default;
        error = null;
        var words = Words<T>().ToArray();
        var index = Array.IndexOf(words, text);
        if (index >= 0)
        {
            value = Enum.GetValues<T>()[index];
            return true;
        }

        var close = DidYouMean.Nearest(text, words);
        error = close is not null ? $"'{text}' is not known; did you mean {close}?" : $"'{text}' is not known; write one of: {string.Join(", ", words)}.";
        return false;
    }

    /// <summary>One line of text.</summary>
    public static bool Name(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = text.Length is 0 or > 200 || text.Any(char.IsControl) ? "Write one line of 1 to 200 characters." : null;
        return error is null;
    }

    /// <summary>For people: <c>1h30m</c>.</summary>
    public static string Show(TimeSpan span)
    {
        (long Count, string Unit)[] parts = [(span.Days, "d"), (span.Hours, "h"), (span.Minutes, "m"), (span.Seconds, "s"), (span.Milliseconds, "ms")];
        var shown = string.Concat(parts.Where(p => p.Count > 0).Select(p => $"{p.Count}{p.Unit}"));
        return shown.Length == 0 ? "0s" : shown;
    }

    /// <summary>An enum's names as they are written in a policy.</summary>
    public static IEnumerable<string> Words<T>()
        where T : struct, Enum => Enum.GetNames<T>().Select(n => char.ToLowerInvariant(n[0]) + n[1..]);

    private static bool TryDuration(string text, out TimeSpan value)
    {
        value = default;
        var match = DurationShape().Match(text);
        if (!match.Success || match.Length == 0)
        {
            return false;
        }

        var total = 0m;
        foreach (var (unit, ms) in Units)
        {
            if (match.Groups[unit] is { Success: true } part)
            {
                total += decimal.Parse(part.ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) * ms;
            }
        }

        // Nine digits of days are more than a TimeSpan holds; no range here comes near.
        value = total > 1e14m ? TimeSpan.MaxValue : TimeSpan.FromTicks((long)(total * TimeSpan.TicksPerMillisecond));
        return true;
    }

    private static bool TryNumber(string text, out double number) =>
        double.TryParse(text, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out number)
        && double.IsFinite(number);

    private static string Plain(double number) => ((decimal)number).ToString("#,0.######", CultureInfo.InvariantCulture);

    private static readonly (string Unit, decimal Milliseconds)[] Units =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    [GeneratedRegex(@"^((?<d>[0-9]{1,9}(\.[0-9]{1,6})?)d)?((?<h>[0-9]{1,9}(\.[0-9]{1,6})?)h)?((?<m>[0-9]{1,9}(\.[0-9]{1,6})?)m)?((?<s>[0-9]{1,9}(\.[0-9]{1,6})?)s)?((?<ms>[0-9]{1,9})ms)?\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DurationShape();

    [GeneratedRegex(@"^(?<number>[0-9]{1,6}(\.[0-9]{1,6})?) ?(?<unit>%|bp)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ShareShape();
}
