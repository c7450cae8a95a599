using System.Globalization;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Timeline;

/// <summary>One look at live traffic as lines of at most 80 characters that say everything without colours: a line for each metric.</summary>
internal static class LookTable
{
    private const int Bar = 6;
    private const string InShadow = "shadow.";

    // A count, where the others are shares and durations.
    private const string Pairs = InShadow + "minPairs";

    /// <summary>What the columns are.</summary>
    public static string Header { get; } = Line("METRIC", "STABLE", "CANDID.", "EFFECT", "95 % INTERVAL", "LIMIT", "PROOF", "");

    /// <summary>A line for each metric, under <see cref="Header"/>.</summary>
    public static IEnumerable<Cell> Rows(IReadOnlyList<LookMetric> metrics) => metrics.Select(m =>
    {
        if (m.Metric == Pairs)
        {
            return new Cell(Line(Title(m.Metric), "", Three(m.Candidate), "", "", Three(m.Tolerance), "", State(m)), ToneOf(m.Verdict));
        }

        var ratio = IsRatio(m.Metric);
        return new Cell(
            Line(
                Title(m.Metric),
                Value(m.Stable, ratio),
                Value(m.Candidate, ratio),
                Effect(m, ratio),
                Interval(m.Interval, ratio),
                m.Metric == "sampleRatio" ? "" : ratio ? $"x{Three(m.Tolerance)}" : $"+{Three(m.Tolerance * 100)}",
                Proof(m),
                State(m)),
            ToneOf(m.Verdict));
    });

    /// <summary>What a look found, in a line.</summary>
    public static Cell Summary(LookItem look, int? weight) => new(
        $"{(weight is null ? "" : Show.Weight(weight) + " of traffic: ")}{look.Verdict} after {look.CandidateRequests} requests of the candidate and {look.StableRequests} of stable",
        ToneOf(look.Verdict));

    private static string Line(params ReadOnlySpan<string> cells)
    {
        ReadOnlySpan<int> widths = [14, 8, 8, 6, 14, 6, Bar + 2, 9];
        var line = "";
        for (var i = 0; i < cells.Length; i++)
        {
            var text = cells[i].Length > widths[i] ? cells[i][..widths[i]] : cells[i];
            line += (i is 0 or > 5 ? text.PadRight(widths[i]) : text.PadLeft(widths[i])) + " ";
        }

        return line.TrimEnd();
    }

    // Metrics of newer hosts are compared like their kin.
    private static bool IsRatio(string metric) =>
        metric.StartsWith(InShadow, StringComparison.Ordinal) ? IsRatio(metric[InShadow.Length..])
        : metric.StartsWith("latency", StringComparison.Ordinal) || metric.StartsWith("firstByte", StringComparison.Ordinal) || metric.StartsWith("firstToken", StringComparison.Ordinal);

    private static string Title(string metric) => metric switch
    {
        "errorRateIncrease" => "errors",
        "clientErrorRateIncrease" => "4xx answers",
        "feedbackDrop" => "lost feedback",
        "sampleRatio" => "sample ratio",
        "shadow.errorRateIncrease" => "failed alone",
        "shadow.maxDisagreement" => "disagreement",
        "shadow.maxScoreDifference" => "score distance",
        "shadow.latencyRatio" => "latency p50",
        Pairs => "pairs",
        _ when IsRatio(metric) => metric.Replace("Ratio", "", StringComparison.Ordinal).Replace("firstByte", "1st byte ", StringComparison.Ordinal)
            .Replace("firstToken", "1st token ", StringComparison.Ordinal).Replace("latency", "latency ", StringComparison.Ordinal).Replace(" P", " p", StringComparison.Ordinal),
        _ => metric,
    };

    private static string Value(double? value, bool ratio) => value is null ? "" : ratio ? Three(value) + " ms" : Three(value * 100) + " %";

    private static string Effect(LookMetric m, bool ratio) =>
        m.Stable is not { } stable || m.Candidate is not { } candidate ? ""
        : !ratio ? Signed((candidate - stable) * 100)
        : stable > 0 ? "x" + Three(candidate / stable)
        : "";

    private static string Interval(LookInterval? interval, bool ratio) =>
        interval is null ? ""
        : ratio ? $"{Three(interval.Low)}..{(interval.High is { } high ? Three(high) : "")}"
        : $"{Signed(interval.Low * 100)}..{Signed((interval.High ?? 1) * 100)}";

    private static string Proof(LookMetric m)
    {
        var most = Math.Max(Progress(m.Harm) ?? 0, Progress(m.Health) ?? 0);
        return m.Harm is null && m.Health is null ? "" : $"[{new string('#', (int)(most * Bar)).PadRight(Bar, '.')}]";
    }

    // What is not decided says where it leans to, and how far it has come.
    private static string State(LookMetric m)
    {
        if (m.Verdict is "healthy" or "harmful")
        {
            return m.Verdict;
        }

        var (harm, health) = (Progress(m.Harm) ?? 0, Progress(m.Health) ?? 0);
        return harm == 0 && health == 0 ? "open"
            : harm > health ? $"harm {Per(harm)}"
            : $"ok {Per(health)}";

        static string Per(double progress) => ((int)(progress * 100)).ToString(CultureInfo.InvariantCulture) + " %";
    }

    private static double? Progress(LookEvidence? evidence) =>
        evidence is not { Needed: > 1 } e ? null : e.Value <= 1 ? 0 : Math.Min(1, Math.Log(e.Value) / Math.Log(e.Needed));

    private static string Signed(double value) => (value > 0 ? "+" : value < 0 ? "-" : "") + Three(Math.Abs(value));

    private static string Three(double? value) => value is not { } v ? "" : Math.Abs(v).ToString(Math.Abs(v) >= 100 ? "0" : Math.Abs(v) >= 10 ? "0.#" : "0.##", CultureInfo.InvariantCulture);

    private static Tone ToneOf(string verdict) => verdict switch
    {
        "healthy" => Tone.Good,
        "harmful" => Tone.Bad,
        _ => Tone.Busy,
    };
}
