using System.Runtime.InteropServices;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Experiments;

/// <summary>Outcomes from 0 to 1: enough to know their mean and spread. Counts may be fractions: effective ones are.</summary>
/// <param name="Count">How many.</param>
/// <param name="Sum">Their sum.</param>
/// <param name="Squares">The sum of their squares.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct OutcomeSums(double Count, double Sum, double Squares)
{
    // A spread estimated from few outcomes is drawn to that of yes and no, which is the greatest; weighs as much as so many outcomes.
    private const double PriorSpread = 2;

    /// <summary>Their mean; 0 of none.</summary>
    public double Mean() => Count <= 0 ? 0 : Sum / Count;

    /// <summary>Both together.</summary>
    public static OutcomeSums operator +(OutcomeSums left, OutcomeSums right) =>
        new(left.Count + right.Count, left.Sum + right.Sum, left.Squares + right.Squares);

    /// <inheritdoc cref="op_Addition"/>
    public static OutcomeSums Add(OutcomeSums left, OutcomeSums right) => left + right;

    /// <summary>The same when so many count as one.</summary>
    internal OutcomeSums Deflate(double effect) => new(Count / effect, Sum / effect, Squares / effect);

    /// <summary>The sum of the squared distances to <paramref name="center"/>.</summary>
    internal double SquaresAround(double center) => Math.Max(0, Squares - (2 * center * Sum) + (center * center * Count));

    /// <summary>The variance as a share of that of yes and no with the same mean, above 0 to 1: graded marks spread less.</summary>
    internal double Spread()
    {
        var mean = Mean();
        return Math.Min(1, (SquaresAround(mean) + PriorSpread) / ((Count * mean * (1 - mean)) + PriorSpread));
    }

    internal static OutcomeSums Of(FeedbackTotals marks)
    {
        // What a gateway sends may be off by rounding; outcomes are from 0 to 1 here, whatever it says.
        var sum = Math.Clamp(marks.Sum, 0, marks.Count);
        return new OutcomeSums(marks.Count, sum, Math.Clamp(marks.SumOfSquares, marks.Count == 0 ? 0 : sum * sum / marks.Count, sum));
    }

    internal static OutcomeSums Of(long requests, long errors)
    {
        var good = Math.Max(0, requests - errors);
        return new OutcomeSums(requests, good, good);
    }
}
