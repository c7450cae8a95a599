namespace ModelFlow.Core.Evaluation;

/// <summary>
/// Judges an evaluation by a policy's gates. A pure function of the two: the bootstrap's draws are seeded from the data set's digest,
/// so that judging the same report again gives the same answer.
/// </summary>
/// <remarks>
/// An absolute gate compares the measured value with its limit; a value that is missing or no finite number fails.
/// A relative gate refuses only when the whole interval of the loss lies beyond what is tolerated: a difference that noise explains
/// does not stop a version, and neither does a slice too small to tell. Over slices the confidence is divided (Bonferroni), so that
/// the policy's confidence holds for all of them together. Without a stable version the relative gates pass and say so.
/// </remarks>
public static class GateJudge
{
    private const int SlicesNamed = 5;

    /// <summary>One result per limit the policy sets, in the policy's order.</summary>
    public static IReadOnlyList<GateResult> Judge(GatePolicy policy, EvaluationReport report)
    {
        var results = new List<GateResult>();
        var candidate = report.Candidate;
        if (policy.MinAccuracy is { } minAccuracy)
        {
            results.Add(AtLeast("minAccuracy", "accuracy", candidate.Accuracy, minAccuracy));
        }

        if (policy.MinMacroF1 is { } minMacroF1)
        {
            results.Add(AtLeast("minMacroF1", "macro F1", candidate.MacroF1, minMacroF1));
        }

        if (policy.MaxCalibrationError is { } maxCalibrationError)
        {
            results.Add(AtMost("maxCalibrationError", "expected calibration error", candidate.CalibrationError, maxCalibrationError, ""));
        }

        if (policy.MaxLatencyP95Ms is { } maxLatency)
        {
            results.Add(AtMost("maxLatencyP95Ms", $"p95 latency of a batch of {report.BatchSize} rows", candidate.Latency.P95Ms, maxLatency, " ms"));
        }

        if (policy.MaxAccuracyLoss is { } maxLoss)
        {
            results.Add(AccuracyLoss(policy, report, maxLoss));
        }

        if (policy.MaxSliceRecallLoss is { } maxSliceLoss)
        {
            results.Add(SliceLoss(policy, report, maxSliceLoss));
        }

        if (policy.MaxLatencyRatio is { } maxRatio)
        {
            results.Add(LatencyRatio(policy, report, maxRatio));
        }

        results.AddRange(TextGateJudge.Judge(policy, report));
        return results;
    }

    internal static GateResult AtLeast(string gate, string what, double? observed, double limit) => Finite(observed) is { } value
        ? new GateResult(gate, value >= limit, value, limit, $"{what} is {Text(value)}, at least {Text(limit)} is asked for")
        : NotMeasured(gate, what, limit);

    internal static GateResult AtMost(string gate, string what, double? observed, double limit, string unit) => Finite(observed) is { } value
        ? new GateResult(gate, value <= limit, value, limit, $"{what} is {Text(value)}{unit}, at most {Text(limit)}{unit} is allowed")
        : NotMeasured(gate, what, limit);

    private static GateResult AccuracyLoss(GatePolicy policy, EvaluationReport report, double limit)
    {
        const string Gate = "maxAccuracyLoss";
        if (report.Baseline is null)
        {
            return NothingToCompare(Gate, report, limit);
        }

        if (Comparison.Of("accuracy", report.Paired) is not { } comparison)
        {
            return NotMeasured(Gate, "the accuracy of both versions on the same rows", limit);
        }

        var interval = PairedBootstrap.AccuracyLoss(comparison.Outcomes, policy.Confidence, Generator(report, Gate, ""));
        return new GateResult(Gate, interval.Low <= limit, comparison.Loss, limit, Sentence(comparison, interval, policy.Confidence, limit));
    }

    private static GateResult SliceLoss(GatePolicy policy, EvaluationReport report, double limit)
    {
        const string Gate = "maxSliceRecallLoss";
        if (report.Baseline is null)
        {
            return NothingToCompare(Gate, report, limit);
        }

        var large = report.Slices.Where(s => s.Rows >= policy.MinSliceRows).ToList();
        var compared = large
            .Select(s => Comparison.Of(Name(report, s), s.Paired))
            .OfType<Comparison>()
            .OrderByDescending(c => c.Loss)
            .ToList();
        if (compared.Count < large.Count || report.Slices.Count == 0)
        {
            return NotMeasured(Gate, "both versions' answers in every slice", limit);
        }

        var small = report.Slices.Count - large.Count;
        var aside = small == 0 ? "" : $"; {small} with fewer than {policy.MinSliceRows} rows left aside";
        if (compared.Count == 0)
        {
            return new GateResult(Gate, true, null, limit, $"not applicable: no slice has {policy.MinSliceRows} rows or more");
        }

        var confidence = 1 - ((1 - policy.Confidence) / compared.Count);
        var refusals = new List<string>();
        foreach (var comparison in compared.TakeWhile(c => c.Loss > limit))
        {
            var interval = PairedBootstrap.AccuracyLoss(comparison.Outcomes, confidence, Generator(report, Gate, comparison.What));
            if (interval.Low > limit)
            {
                refusals.Add(Sentence(comparison, interval, confidence, limit));
            }
        }

        if (refusals.Count > 0)
        {
            var more = refusals.Count > SlicesNamed ? $"; and {refusals.Count - SlicesNamed} more" : "";
            return new GateResult(Gate, false, compared[0].Loss, limit, string.Join("; ", refusals.Take(SlicesNamed)) + more);
        }

        var worst = compared[0];
        var worstInterval = PairedBootstrap.AccuracyLoss(worst.Outcomes, confidence, Generator(report, Gate, worst.What));
        return new GateResult(Gate, true, worst.Loss, limit, $"of {compared.Count} slices the worst: {Sentence(worst, worstInterval, confidence, limit)}{aside}");
    }

    private static GateResult LatencyRatio(GatePolicy policy, EvaluationReport report, double limit)
    {
        const string Gate = "maxLatencyRatio";
        if (report.Baseline is not { } baseline)
        {
            return NothingToCompare(Gate, report, limit);
        }

        var candidate = report.Candidate.Latency;
        if (candidate.SamplesMs.Count == 0
            || candidate.SamplesMs.Count != baseline.Latency.SamplesMs.Count
            || !candidate.SamplesMs.Concat(baseline.Latency.SamplesMs).All(v => double.IsFinite(v) && v > 0)
            || Finite(candidate.P95Ms / baseline.Latency.P95Ms) is not { } ratio)
        {
            return NotMeasured(Gate, "the latency of both versions on the same batches", limit);
        }

        var interval = PairedBootstrap.LatencyP95Ratio(candidate.SamplesMs, baseline.Latency.SamplesMs, policy.Confidence, Generator(report, Gate, ""));
        return new GateResult(
            Gate,
            interval.Low <= limit,
            ratio,
            limit,
            $"p95 latency of a batch of {report.BatchSize} rows is {Text(candidate.P95Ms)} ms, {Text(ratio)} times stable's {Text(baseline.Latency.P95Ms)} ms "
                + $"({Percent(policy.Confidence)} interval {Text(interval.Low)} to {Text(interval.High)}), at most {Text(limit)} times is allowed");
    }

    private static string Sentence(Comparison c, Interval interval, double confidence, double limit)
    {
        var change = c.Loss switch
        {
            > 0 => $"fell from {Text(c.Baseline)} to {Text(c.Candidate)}: {Text(c.Loss)} lost",
            < 0 => $"rose from {Text(c.Baseline)} to {Text(c.Candidate)}: {Text(-c.Loss)} gained",
            _ => $"is {Text(c.Candidate)} for both",
        };
        return $"{c.What} {change} on {c.Outcomes.Rows} rows ({Percent(confidence)} interval of the loss {Text(interval.Low)} to {Text(interval.High)}), at most {Text(limit)} may be lost";
    }

    // Over the rows of one true class the share of right answers is the class's recall; over other rows it is accuracy.
    private static string Name(EvaluationReport report, SliceReport slice) =>
        $"{(string.Equals(slice.Column, report.Label, StringComparison.Ordinal) ? "recall of" : "accuracy on")} {slice.Column}={slice.Value}";

    internal static SeededGenerator Generator(EvaluationReport report, string gate, string slice) => new($"{report.Dataset.Sha256}|{gate}|{slice}");

    internal static GateResult NothingToCompare(string gate, EvaluationReport report, double limit) =>
        new(gate, true, null, limit, report.BaselineUnavailable is { } reason
            ? $"not applicable: the stable version cannot read the data set's rows ({reason})"
            : "not applicable: there is no stable version to compare with");

    internal static GateResult NotMeasured(string gate, string what, double limit) =>
        new(gate, false, null, limit, $"{what} was not measured, or is not a finite number; what is not measured does not pass");

    private static double? Finite(double? value) => value is { } v && double.IsFinite(v) ? v : null;

    internal static string Text(double value) => value.ToString("0.####");

    internal static string Percent(double confidence) => $"{(confidence * 100).ToString("0.##")} %";

    private sealed record Comparison(string What, PairedOutcomes Outcomes)
    {
        public double Candidate => (Outcomes.BothCorrect + Outcomes.OnlyCandidateCorrect) / (double)Outcomes.Rows;

        public double Baseline => (Outcomes.BothCorrect + Outcomes.OnlyBaselineCorrect) / (double)Outcomes.Rows;

        public double Loss => (Outcomes.OnlyBaselineCorrect - Outcomes.OnlyCandidateCorrect) / (double)Outcomes.Rows;

        public static Comparison? Of(string what, PairedOutcomes? outcomes) => outcomes is { Rows: > 0 } ? new Comparison(what, outcomes) : null;
    }
}
