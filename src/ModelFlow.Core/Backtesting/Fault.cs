using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.RegularExpressions;
using ModelFlow.Core.Analysis;

namespace ModelFlow.Core.Backtesting;

/// <summary>Harm that is put into recorded traffic of a candidate, to see whether a policy finds it.</summary>
public abstract partial record Fault
{
    private Fault()
    {
    }

    /// <summary>What is injected unless something else is asked for.</summary>
    public static IReadOnlyList<Fault> Usual { get; } = [new Latency(50), new Errors(5), new Errors(100), new Quality(10), new Slice(10)];

    /// <summary>Whether a policy watches for it and, if so, whether it is more than the policy tolerates.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="errorRate">Stable's share of errors in the recorded traffic, 0 to 1.</param>
    public abstract FaultStanding StandingUnder(GuardrailPolicy policy, double errorRate);

    /// <summary>Reads <c>latency+50%</c>, <c>errors+5pp</c>, <c>quality-10pp</c> or <c>slice+10%</c>, as <see cref="object.ToString"/> writes them.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out Fault? fault, [NotNullWhen(false)] out string? error)
    {
        fault = null;
        var match = Form().Match(text ?? "");
        if (match.Success && double.TryParse(match.Groups["size"].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var size))
        {
            fault = match.Groups["what"].Value switch
            {
                "latency+" when size is > 0 and <= 10_000 && match.Groups["unit"].Value is "%" => new Latency(size),
                "errors+" when size is > 0 and <= 100 && match.Groups["unit"].Value is "pp" => new Errors(size),
                "quality-" when size is > 0 and <= 100 && match.Groups["unit"].Value is "pp" => new Quality(size),
                "slice+" when size is > 0 and <= 100 && match.Groups["unit"].Value is "%" => new Slice(size),
                _ => null,
            };
        }

        error = fault is null ? $"'{text}' is not a fault; write for example latency+50%, errors+5pp, quality-10pp or slice+10%." : null;
        return fault is not null;
    }

    private static string Number(double size) => size.ToString("0.####", CultureInfo.InvariantCulture);

    private static FaultStanding OfErrors(GuardrailPolicy policy, double increase, double errorRate) =>
        policy.ErrorRateIncrease is null && policy.ErrorRateRatio is null ? FaultStanding.NotWatched
        : (errorRate + (increase * (1 - errorRate))) > new MeanTolerance(policy.ErrorRateRatio ?? 1, policy.ErrorRateIncrease ?? 0).Limit(errorRate) ? FaultStanding.Harmful
        : FaultStanding.Tolerated;

    /// <summary>Every answer takes longer.</summary>
    /// <param name="Percent">By so many per cent of its time, above 0 to 10,000.</param>
    public sealed record Latency(double Percent) : Fault
    {
        // A tolerance acts up to two bins wider than it is written.
        private const double Grain = 1.04;

        /// <inheritdoc/>
        public override FaultStanding StandingUnder(GuardrailPolicy policy, double errorRate)
        {
            ArgumentNullException.ThrowIfNull(policy);
            var ratios = WatchedMetrics.Of(policy).OfType<WatchedMetric.Quantile>().Select(q => q.Ratio).ToList();
            return ratios.Count == 0 ? FaultStanding.NotWatched
                : 1 + (Percent / 100) > ratios.Min() * Grain ? FaultStanding.Harmful
                : FaultStanding.Tolerated;
        }

        /// <inheritdoc/>
        public override string ToString() => $"latency+{Number(Percent)}%";
    }

    /// <summary>Good requests fail, each with the same chance.</summary>
    /// <param name="Points">The chance in per cent, above 0 to 100.</param>
    public sealed record Errors(double Points) : Fault
    {
        /// <inheritdoc/>
        public override FaultStanding StandingUnder(GuardrailPolicy policy, double errorRate) => OfErrors(policy, Points / 100, errorRate);

        /// <inheritdoc/>
        public override string ToString() => $"errors+{Number(Points)}pp";
    }

    /// <summary>Users' marks are lower.</summary>
    /// <param name="Points">By so many hundredths of a whole mark on average, above 0 to 100.</param>
    public sealed record Quality(double Points) : Fault
    {
        /// <inheritdoc/>
        public override FaultStanding StandingUnder(GuardrailPolicy policy, double errorRate)
        {
            ArgumentNullException.ThrowIfNull(policy);
            return policy.FeedbackDrop is not { } drop ? FaultStanding.NotWatched : Points / 100 > drop ? FaultStanding.Harmful : FaultStanding.Tolerated;
        }

        /// <inheritdoc/>
        public override string ToString() => $"quality-{Number(Points)}pp";
    }

    /// <summary>For some groups of users every request fails: whole sub-buckets of the sticky key.</summary>
    /// <param name="Percent">So many per cent of the groups, at least one; above 0 to 100.</param>
    public sealed record Slice(double Percent) : Fault
    {
        /// <inheritdoc/>
        public override FaultStanding StandingUnder(GuardrailPolicy policy, double errorRate) => OfErrors(policy, Percent / 100, errorRate);

        /// <inheritdoc/>
        public override string ToString() => $"slice+{Number(Percent)}%";
    }

    [GeneratedRegex(@"^(?<what>[a-z]+[+-])(?<size>[0-9]{1,5}(\.[0-9]{1,4})?)(?<unit>%|pp)\z", RegexOptions.ExplicitCapture | RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Form();
}

/// <summary>What a policy makes of a fault.</summary>
public enum FaultStanding
{
    /// <summary>It is more than is tolerated: to be found.</summary>
    Harmful,

    /// <summary>It is within the tolerance: finding it is a false alarm.</summary>
    Tolerated,

    /// <summary>No guardrail of the policy is about it.</summary>
    NotWatched,
}
