using System.Globalization;
using System.Text;

namespace ModelFlow.Core.Manifests;

/// <summary>Numbers as RFC 8785 writes them: the shortest digits that read back to the same double, laid out as ECMAScript does.</summary>
internal static class CanonicalNumber
{
    /// <summary>Appends <paramref name="value"/>.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not a finite number: JSON has no way to write it.</exception>
    public static void Write(StringBuilder json, double value)
    {
        if (!double.IsFinite(value))
        {
            throw new ArgumentOutOfRangeException(nameof(value), value, "JSON has finite numbers only.");
        }

        if (value == 0)
        {
            json.Append('0');
            return;
        }

        // "R" gives the shortest digits; only their layout differs from ECMAScript's.
        var shortest = value.ToString("R", CultureInfo.InvariantCulture);
        var (digits, point) = Split(shortest.TrimStart('-'));
        if (value < 0)
        {
            json.Append('-');
        }

        if (point is > 0 and <= 21)
        {
            json.Append(digits.Length <= point ? digits.PadRight(point, '0') : $"{digits[..point]}.{digits[point..]}");
        }
        else if (point is > -6 and <= 0)
        {
            json.Append("0.").Append('0', -point).Append(digits);
        }
        else
        {
            json.Append(digits[0]);
            if (digits.Length > 1)
            {
                json.Append('.').Append(digits, 1, digits.Length - 1);
            }

            json.Append('e').Append(point > 0 ? '+' : '-').Append(Math.Abs(point - 1));
        }
    }

    /// <summary>The significant digits and where the decimal point stands, counted from their start.</summary>
    private static (string Digits, int Point) Split(string text)
    {
        var e = text.IndexOf('E', StringComparison.Ordinal);
        var exponent = e < 0 ? 0 : int.Parse(text.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        var mantissa = e < 0 ? text : text[..e];
        var dot = mantissa.IndexOf('.', StringComparison.Ordinal);
        var point = (dot < 0 ? mantissa.Length : dot) + exponent;
        var digits = mantissa.Replace(".", "", StringComparison.Ordinal);
        var leading = digits.Length - digits.TrimStart('0').Length;
        return (digits.Trim('0'), point - leading);
    }
}
