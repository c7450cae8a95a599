namespace ModelFlow.TextEngine.Model;

/// <summary>What a model's values say about the next token.</summary>
internal static class Probabilities
{
    /// <summary>The natural logarithm of a token's probability, and of the most probable tokens'.</summary>
    /// <exception cref="ModelFailedException">A value is NaN, or none is finite: the model is broken.</exception>
    public static TokenScore Score(ReadOnlySpan<float> logits, int token, int top)
    {
        var norm = LogSum(logits);
        return new TokenScore(token, logits[token] - norm, top == 0 ? [] : Top(logits, norm, top));
    }

    /// <summary>The most probable token; the first of equal ones.</summary>
    public static int Greatest(ReadOnlySpan<float> logits)
    {
        var best = 0;
        for (var i = 1; i < logits.Length; i++)
        {
            best = logits[i] > logits[best] ? i : best;
        }

        return best;
    }

    /// <summary>Draws a token from the most probable ones that together have <paramref name="topP"/>, after division by <paramref name="temperature"/>.</summary>
    public static int Draw(ReadOnlySpan<float> logits, double temperature, double topP, Random random)
    {
        LogSum(logits);
        var greatest = logits[Greatest(logits)];
        var weights = new (int Token, double Weight)[logits.Length];
        var sum = 0.0;
        for (var i = 0; i < logits.Length; i++)
        {
            weights[i] = (i, Math.Exp((logits[i] - greatest) / temperature));
            sum += weights[i].Weight;
        }

        Array.Sort(weights, static (a, b) => b.Weight.CompareTo(a.Weight) is var order and not 0 ? order : a.Token.CompareTo(b.Token));
        var kept = 0.0;
        var count = 0;
        while (count < weights.Length && kept < topP * sum)
        {
            kept += weights[count++].Weight;
        }

        count = Math.Max(1, count);
        var drawn = random.NextDouble() * kept;
        for (var i = 0; i < count - 1; i++)
        {
            drawn -= weights[i].Weight;
            if (drawn < 0)
            {
                return weights[i].Token;
            }
        }

        return weights[count - 1].Token;
    }

    private static double LogSum(ReadOnlySpan<float> logits)
    {
        var greatest = float.NegativeInfinity;
        foreach (var value in logits)
        {
            if (float.IsNaN(value))
            {
                throw new ModelFailedException("The model answers NaN: its weights are broken.");
            }

            greatest = Math.Max(greatest, value);
        }

        if (!float.IsFinite(greatest))
        {
            throw new ModelFailedException("The model answers infinity: its weights are broken.");
        }

        var sum = 0.0;
        foreach (var value in logits)
        {
            sum += Math.Exp(value - greatest);
        }

        return greatest + Math.Log(sum);
    }

    private static (int Token, double LogProbability)[] Top(ReadOnlySpan<float> logits, double norm, int top)
    {
        var queue = new PriorityQueue<int, float>();
        for (var i = 0; i < logits.Length; i++)
        {
            if (queue.Count < top)
            {
                queue.Enqueue(i, logits[i]);
            }
            else if (queue.TryPeek(out _, out var least) && logits[i] > least)
            {
                queue.DequeueEnqueue(i, logits[i]);
            }
        }

        var found = new (int, double)[queue.Count];
        for (var i = found.Length - 1; i >= 0; i--)
        {
            var token = queue.Dequeue();
            found[i] = (token, logits[token] - norm);
        }

        return found;
    }
}

/// <summary>A token with the natural logarithm of its probability, and the most probable tokens in its place.</summary>
internal sealed record TokenScore(int Token, double? LogProbability, IReadOnlyList<(int Token, double LogProbability)> Top);
