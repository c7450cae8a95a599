namespace ModelFlow.Testing.Product;

/// <summary>The sample policy with another ramp, for tests in which the machine's own load must not decide: only errors convict, and enough patience everywhere.</summary>
public static class CalmPolicy
{
    /// <summary>The policy's text.</summary>
    /// <param name="sample">The sample policy's text.</param>
    /// <param name="ramp">Steps, <c>lookEvery</c> and <c>lease</c>.</param>
    public static string Of(string sample, string ramp)
    {
        var head = sample[..sample.IndexOf("approval:", StringComparison.Ordinal)]
            .Replace("timeLimit: 30s", "timeLimit: 10m", StringComparison.Ordinal)
            .Replace("timeLimit: 2m", "timeLimit: 10m", StringComparison.Ordinal);
        return $"""
            {string.Join('\n', head.Split('\n').Where(l => !l.Contains("maxLatencyP95Ms", StringComparison.Ordinal)))}
            approval:
              required: 2
              expiresAfter: 1h

            ramp:
              {string.Join("\n  ", ramp.Split('\n'))}
              extendUpTo: 1h
              whenInconclusive: hold

            guardrails:
              errorRateIncrease: 0.5
              latencyP50Ratio: off
              latencyP95Ratio: off
              minRequests: 5

            keepLoaded: 30m
            """;
    }
}
