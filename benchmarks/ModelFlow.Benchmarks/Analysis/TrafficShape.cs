namespace ModelFlow.Benchmarks.Analysis;

/// <summary>How requests come and how long they take.</summary>
internal enum TrafficShape
{
    /// <summary>A constant rate; log-normal durations.</summary>
    Steady,

    /// <summary>Ten times the rate in one second of ten, when durations are half as long again.</summary>
    Bursty,

    /// <summary>Rate, durations and error rate rise and fall by a factor of three over the ramp.</summary>
    Diurnal,

    /// <summary>Durations of a Pareto distribution with exponent 1.5: no variance.</summary>
    HeavyTailed,

    /// <summary>One request in five takes ten times as long.</summary>
    Bimodal,

    /// <summary>Each user sends about twenty requests, and users differ: in how much they send, in how often they fail, in how long they wait.</summary>
    CorrelatedUsers,
}

/// <summary>How a version behaves.</summary>
/// <param name="ErrorRate">The share of requests that fail.</param>
/// <param name="Slowness">A factor on every duration.</param>
/// <param name="Mark">The mean mark of feedback, 0 to 1.</param>
internal sealed record Behaviour(double ErrorRate = 0.01, double Slowness = 1, double Mark = 0.8);
