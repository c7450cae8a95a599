namespace ModelFlow.Core.Evaluation;

/// <summary>Judges language models; called by <see cref="GateJudge"/>, whose rules hold here too.</summary>
internal static class TextGateJudge
{
    public static IEnumerable<GateResult> Judge(GatePolicy policy, EvaluationReport report)
    {
        var candidate = report.Text?.Candidate;
        if (policy.MaxPerplexity is { } maxPerplexity)
        {
            yield return GateJudge.AtMost("maxPerplexity", "perplexity", candidate?.Perplexity, maxPerplexity, "");
        }

        if (policy.MaxBitsPerByte is { } maxBits)
        {
            yield return GateJudge.AtMost("maxBitsPerByte", "loss", candidate?.BitsPerByte, maxBits, " bits per byte");
        }

        if (policy.MinChoiceAccuracy is { } minChoice)
        {
            yield return GateJudge.AtLeast("minChoiceAccuracy", "accuracy of multiple choice", candidate?.ChoiceAccuracy, minChoice);
        }

        if (policy.MaxTimeToFirstTokenMs is { } maxFirst)
        {
            yield return GateJudge.AtMost("maxTimeToFirstTokenMs", "p95 time to the first token", candidate?.TimeToFirstToken?.P95Ms, maxFirst, " ms");
        }

        if (policy.MinTokensPerSecond is { } minSpeed)
        {
            yield return GateJudge.AtLeast("minTokensPerSecond", "the median of tokens per second", candidate?.TokensPerSecond, minSpeed);
        }

        if (policy.MaxPerplexityRatio is { } maxRatio)
        {
            yield return PerplexityRatio(policy, report, maxRatio);
        }

        if (policy.MaxBitsPerByteIncrease is { } maxIncrease)
        {
            yield return BitsIncrease(policy, report, maxIncrease);
        }

        if (policy.MaxChoiceAccuracyLoss is { } maxLoss)
        {
            yield return ChoiceLoss(policy, report, maxLoss);
        }
    }

    private static GateResult PerplexityRatio(GatePolicy policy, EvaluationReport report, double limit)
    {
        const string Gate = "maxPerplexityRatio";
        if (report.Baseline is null)
        {
            return GateJudge.NothingToCompare(Gate, report, limit);
        }

        if (report.Text is not { Passages: { Count: > 0 } passages, Candidate.Perplexity: { } now, Baseline.Perplexity: { } was })
        {
            return GateJudge.NotMeasured(Gate, "the perplexity of both versions on the same passages", limit);
        }

        if (passages.Any(p => p.Candidate.Tokens != p.Baseline?.Tokens))
        {
            return new GateResult(Gate, false, now / was, limit, "the two versions cut the passages into different tokens, so their perplexities do not compare; gate on maxBitsPerByteIncrease instead");
        }

        var interval = PairedBootstrap.RatioOfSums([.. passages.Select(p => (p.Candidate.Nats - p.Baseline!.Nats, (double)p.Candidate.Tokens))], policy.Confidence, GateJudge.Generator(report, Gate, ""));
        var (low, high) = (Math.Exp(interval.Low), Math.Exp(interval.High));
        return new GateResult(
            Gate,
            low <= limit,
            now / was,
            limit,
            $"perplexity is {GateJudge.Text(now)}, {GateJudge.Text(now / was)} times stable's {GateJudge.Text(was)} on {passages.Count} passages "
                + $"({GateJudge.Percent(policy.Confidence)} interval {GateJudge.Text(low)} to {GateJudge.Text(high)}), at most {GateJudge.Text(limit)} times is allowed");
    }

    private static GateResult BitsIncrease(GatePolicy policy, EvaluationReport report, double limit)
    {
        const string Gate = "maxBitsPerByteIncrease";
        if (report.Baseline is null)
        {
            return GateJudge.NothingToCompare(Gate, report, limit);
        }

        if (report.Text is not { Passages: { Count: > 0 } passages, Candidate.BitsPerByte: { } now, Baseline.BitsPerByte: { } was })
        {
            return GateJudge.NotMeasured(Gate, "the loss of both versions on the same passages", limit);
        }

        var interval = PairedBootstrap.RatioOfSums([.. passages.Select(p => ((p.Candidate.Nats - p.Baseline!.Nats) / Math.Log(2), (double)p.Bytes))], policy.Confidence, GateJudge.Generator(report, Gate, ""));
        var change = now >= was ? $"rose from {GateJudge.Text(was)} to {GateJudge.Text(now)}" : $"fell from {GateJudge.Text(was)} to {GateJudge.Text(now)}";
        return new GateResult(
            Gate,
            interval.Low <= limit,
            now - was,
            limit,
            $"the loss {change} bits per byte on {passages.Count} passages ({GateJudge.Percent(policy.Confidence)} interval of the increase {GateJudge.Text(interval.Low)} to {GateJudge.Text(interval.High)}), at most {GateJudge.Text(limit)} more is allowed");
    }

    private static GateResult ChoiceLoss(GatePolicy policy, EvaluationReport report, double limit)
    {
        const string Gate = "maxChoiceAccuracyLoss";
        if (report.Baseline is null)
        {
            return GateJudge.NothingToCompare(Gate, report, limit);
        }

        if (report.Text is not { Choices: { Count: > 0 } choices, Candidate.ChoiceAccuracy: { } now, Baseline.ChoiceAccuracy: { } was })
        {
            return GateJudge.NotMeasured(Gate, "both versions' answers to the same questions", limit);
        }

        var outcomes = new PairedOutcomes(Count(true, true), Count(true, false), Count(false, true), Count(false, false));
        var interval = PairedBootstrap.AccuracyLoss(outcomes, policy.Confidence, GateJudge.Generator(report, Gate, ""));
        return new GateResult(
            Gate,
            interval.Low <= limit,
            was - now,
            limit,
            $"accuracy of multiple choice went from {GateJudge.Text(was)} to {GateJudge.Text(now)} on {choices.Count} questions "
                + $"({GateJudge.Percent(policy.Confidence)} interval of the loss {GateJudge.Text(interval.Low)} to {GateJudge.Text(interval.High)}), at most {GateJudge.Text(limit)} may be lost");

        long Count(bool candidate, bool baseline) => choices.LongCount(c => c.Candidate == c.Right == candidate && c.Baseline == c.Right == baseline);
    }
}
