using System.Runtime.InteropServices;

namespace ModelFlow.Core.Analysis;

/// <summary>What a candidate's mean may be, given stable's: at most <c>Ratio · stable + Difference</c>. Means are of values from 0 to 1 of which less is better.</summary>
/// <param name="Ratio">1 to 1,000.</param>
/// <param name="Difference">0 to 1.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MeanTolerance(double Ratio, double Difference)
{
    /// <summary>The most the candidate's mean may be, 0 to 1.</summary>
    public double Limit(double stable) => Math.Min(1, (Ratio * stable) + Difference);
}
