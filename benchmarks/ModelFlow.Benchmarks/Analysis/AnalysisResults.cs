using System.Text.Encodings.Web;
using System.Text.Json;
using ModelFlow.Benchmarks.Reporting;

namespace ModelFlow.Benchmarks.Analysis;

/// <summary>All figures of a part of the benchmark, as far as it has come.</summary>
internal sealed class AnalysisResults
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public required string Seed { get; init; }

    /// <summary>ModelFlow's budget of false alarms.</summary>
    public double Budget { get; set; }

    /// <summary>ModelFlow's own false alarms, by traffic and by what the candidate is like.</summary>
    public List<AlarmCount> FalseAlarms { get; init; } = [];

    /// <summary>How the other rules were tuned.</summary>
    public List<string> Tuning { get; init; } = [];

    /// <summary>False alarms of all rules on the same ramps without a difference, with other seeds than they were tuned on.</summary>
    public List<AlarmCount> Matched { get; init; } = [];

    public List<Detection> Detections { get; init; } = [];

    public List<UntilHealthy> Health { get; init; } = [];

    public List<ExampleLook> Example { get; init; } = [];

    /// <summary>What a look costs, in milliseconds.</summary>
    public List<LookCost> Costs { get; init; } = [];

    public string ToJson() => JsonSerializer.Serialize(this, Json);

    public static AnalysisResults Parse(string json) => JsonSerializer.Deserialize<AnalysisResults>(json, Json)!;
}

/// <summary>How many ramps were stopped for nothing.</summary>
/// <param name="What">Which traffic.</param>
/// <param name="Of">Which candidate, or which rule.</param>
/// <param name="Alarms">How many were stopped.</param>
/// <param name="Ramps">Of how many.</param>
internal sealed record AlarmCount(string What, string Of, int Alarms, int Ramps)
{
    public double Share => Alarms / (double)Ramps;

    /// <summary>Wilson's interval of 95 %: right also when nothing was found.</summary>
    public (double Low, double High) Interval()
    {
        const double Z = 1.96;
        var middle = (Share + (Z * Z / (2 * Ramps))) / (1 + (Z * Z / Ramps));
        var half = Z * Math.Sqrt((Share * (1 - Share) / Ramps) + (Z * Z / (4.0 * Ramps * Ramps))) / (1 + (Z * Z / Ramps));
        return (Math.Max(0, middle - half), Math.Min(1, middle + half));
    }
}

/// <summary>How soon a rule found a harm. Ramps in which it did not count with all their requests.</summary>
internal sealed record Detection(string Harm, string Rule, int Ramps, int Found, Spread Requests, Spread Harmed)
{
    public static Detection Of(string harm, string rule, IReadOnlyList<RampEnd> ends) => new(
        harm, rule, ends.Count, ends.Count(e => e.Stopped), Spread.Of(ends.Select(e => e.CandidateRequests)), Spread.Of(ends.Select(e => e.Harmed)));
}

/// <summary>How soon a harmless candidate is healthy. Ramps in which it never was count with all their requests.</summary>
internal sealed record UntilHealthy(string Series, double Tolerance, int Ramps, int Found, Spread Requests);

/// <summary>Quantiles and mean of counts.</summary>
internal sealed record Spread(double Median, double P90, double Mean)
{
    public static Spread Of(IEnumerable<long> counts)
    {
        var samples = new Samples([.. counts.Select(c => (double)c)]);
        return new Spread(samples.Median, samples.Quantile(0.9), samples.Values.Average());
    }
}

/// <summary>One look of the ramp that is shown.</summary>
internal sealed record ExampleLook(int Second, long Requests, double Difference, double Low, double High, double Evidence, double Needed);

/// <summary>What a look costs.</summary>
internal sealed record LookCost(string What, double Median, double P90);
