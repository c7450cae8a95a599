namespace ModelFlow.Gateway.Shadowing;

/// <summary>
/// Compares outputs by their names. Labels (whole numbers, texts, yes and no) agree row by row, where all of a row is equal; without labels, a row of scores
/// agrees if the greatest is at the same place. Scores are apart by their difference where all are between 0 and 1, else by their difference as a share of the
/// greater one. An output that is missing, or has another shape, disagrees. What only the candidate has is left out.
/// </summary>
internal static class TensorComparison
{
    public static ComparedAnswers Compare(IReadOnlyList<Tensor> stable, IReadOnlyList<Tensor> candidate)
    {
        double? disagreement = null;
        var (distance, scores) = (0.0, 0L);
        var hasLabels = stable.Any(t => !t.IsScore && t.Count > 0);
        foreach (var theirs in stable.Where(t => t.Count > 0))
        {
            var ours = candidate.FirstOrDefault(t => string.Equals(t.Name, theirs.Name, StringComparison.Ordinal));
            var comparable = ours is not null && ours.IsScore == theirs.IsScore && ours.Count == theirs.Count && ours.Shape.SequenceEqual(theirs.Shape) && ours.Texts is null == theirs.Texts is null;
            if (theirs.IsScore)
            {
                scores += theirs.Count;
                distance += comparable ? Distances(theirs.Numbers!, ours!.Numbers!) : theirs.Count; // Scores are numbers, and comparable says it is there.
            }

            if (!comparable)
            {
                disagreement = 1;
            }
            else if (!theirs.IsScore)
            {
                disagreement = Math.Max(disagreement ?? 0, LabelsApart(theirs, ours!)); // As above.
            }
            else if (!hasLabels && theirs.Shape is [_, .., > 1])
            {
                disagreement = Math.Max(disagreement ?? 0, GreatestApart(theirs.Numbers!, ours!.Numbers!, (int)theirs.Shape[^1])); // As above.
            }
        }

        return new ComparedAnswers(disagreement, scores == 0 ? null : Math.Clamp(distance / scores, 0, 1));
    }

    private static double LabelsApart(Tensor stable, Tensor candidate)
    {
        var rows = stable.Shape is [> 0 and var first, ..] && stable.Count % first == 0 ? (int)first : 1;
        var width = stable.Count / rows;
        var apart = 0;
        for (var row = 0; row < rows; row++)
        {
            var at = row * width;
            var same = stable.Texts is not null
                ? stable.Texts.AsSpan(at, width).SequenceEqual(candidate.Texts.AsSpan(at, width))
                : stable.Numbers.AsSpan(at, width).SequenceEqual(candidate.Numbers.AsSpan(at, width));
            apart += same ? 0 : 1;
        }

        return apart / (double)rows;
    }

    private static double GreatestApart(double[] stable, double[] candidate, int width)
    {
        if (stable.Length % width != 0)
        {
            return 1;
        }

        var apart = 0;
        for (var at = 0; at < stable.Length; at += width)
        {
            apart += Greatest(stable.AsSpan(at, width)) == Greatest(candidate.AsSpan(at, width)) ? 0 : 1;
        }

        return apart / (double)(stable.Length / width);
    }

    private static int Greatest(ReadOnlySpan<double> scores)
    {
        var greatest = 0;
        for (var i = 1; i < scores.Length; i++)
        {
            greatest = scores[i] > scores[greatest] || double.IsNaN(scores[greatest]) ? i : greatest;
        }

        return greatest;
    }

    private static double Distances(double[] stable, double[] candidate)
    {
        var shares = Array.TrueForAll(stable, IsShare) && Array.TrueForAll(candidate, IsShare);
        var sum = 0.0;
        for (var i = 0; i < stable.Length; i++)
        {
            sum += Distance(stable[i], candidate[i], shares);
        }

        return sum;
    }

    private static bool IsShare(double value) => value is >= 0 and <= 1;

    private static double Distance(double stable, double candidate, bool shares)
    {
        if (stable.Equals(candidate))
        {
            return 0;
        }

        var distance = Math.Abs(stable - candidate) / (shares ? 1 : Math.Max(Math.Abs(stable), Math.Abs(candidate)));
        return double.IsNaN(distance) ? 1 : Math.Min(1, distance);
    }
}
