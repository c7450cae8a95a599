using System.Globalization;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>Classes as text: a label column and a model may write the same class differently.</summary>
internal static class ClassNames
{
    /// <summary>A whole number without sign, zeros and decimals it does not need; other text as it is.</summary>
    public static string Normal(string text) =>
        double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number == Math.Floor(number) && Math.Abs(number) < 1e15
            ? ((long)number).ToString(CultureInfo.InvariantCulture)
            : text;

    /// <summary>Whole numbers by value, then texts by code unit.</summary>
    public static IReadOnlyList<string> Sort(IEnumerable<string> names) =>
        [.. names.OrderBy(n => long.TryParse(n, out _) ? 0 : 1).ThenBy(n => long.TryParse(n, out var v) ? v : 0).ThenBy(n => n, StringComparer.Ordinal)];
}
