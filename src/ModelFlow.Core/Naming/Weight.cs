using System.Globalization;

namespace ModelFlow.Core.Naming;

/// <summary>A share of traffic in basis points: 0 is none, 10,000 is all.</summary>
public readonly record struct Weight : IComparable<Weight>
{
    /// <summary>All traffic, 10,000 basis points.</summary>
    public static readonly Weight All = new(10_000);

    /// <summary>No traffic.</summary>
    public static readonly Weight None;

    /// <summary>A share of <paramref name="basisPoints"/> ten-thousandths.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not in 0 to 10,000.</exception>
    public Weight(int basisPoints)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(basisPoints);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(basisPoints, 10_000);
        BasisPoints = basisPoints;
    }

    /// <summary>Ten-thousandths of the traffic, 0 to 10,000.</summary>
    public int BasisPoints { get; }

    /// <inheritdoc/>
    public int CompareTo(Weight other) => BasisPoints.CompareTo(other.BasisPoints);

    /// <summary>For people: <c>25 %</c>.</summary>
    public override string ToString() => (BasisPoints / 100m).ToString("0.##", CultureInfo.InvariantCulture) + " %";

    /// <summary>Order by share.</summary>
    public static bool operator <(Weight left, Weight right) => left.BasisPoints < right.BasisPoints;

    /// <summary>Order by share.</summary>
    public static bool operator >(Weight left, Weight right) => left.BasisPoints > right.BasisPoints;

    /// <summary>Order by share.</summary>
    public static bool operator <=(Weight left, Weight right) => left.BasisPoints <= right.BasisPoints;

    /// <summary>Order by share.</summary>
    public static bool operator >=(Weight left, Weight right) => left.BasisPoints >= right.BasisPoints;
}
