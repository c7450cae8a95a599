namespace ModelFlow.Core.Evaluation;

/// <summary>
/// The numbers of a single-label classifier. Classes are indices into a list of names; an answer that is none of the true
/// classes is <see cref="OtherClass"/>.
/// </summary>
public static class ClassificationScores
{
    /// <summary>The index of any answer that is no true class of the data set.</summary>
    public const int OtherClass = -1;

    private const int CalibrationBins = 15;

    /// <summary>Counts by true class (row) and answer (column); the last column is <see cref="OtherClass"/>.</summary>
    public static IReadOnlyList<IReadOnlyList<long>> Confusion(int classes, ReadOnlySpan<int> truth, ReadOnlySpan<int> answers)
    {
        var counts = new long[classes][];
        for (var i = 0; i < classes; i++)
        {
            counts[i] = new long[classes + 1];
        }

        for (var row = 0; row < truth.Length; row++)
        {
            counts[truth[row]][answers[row] == OtherClass ? classes : answers[row]]++;
        }

        return counts;
    }

    /// <summary>The share of right answers.</summary>
    public static double Accuracy(IReadOnlyList<IReadOnlyList<long>> confusion) =>
        confusion.Select((row, i) => row[i]).Sum() / (double)confusion.Sum(row => row.Sum());

    /// <summary>The unweighted mean over the true classes of F1; a class that is never answered counts 0.</summary>
    public static double MacroF1(IReadOnlyList<IReadOnlyList<long>> confusion)
    {
        var sum = 0.0;
        for (var i = 0; i < confusion.Count; i++)
        {
            var right = confusion[i][i];
            var isClass = confusion[i].Sum();
            var answered = 0L;
            for (var j = 0; j < confusion.Count; j++)
            {
                answered += confusion[j][i];
            }

            sum += isClass + answered == 0 ? 0 : 2.0 * right / (isClass + answered);
        }

        return sum / confusion.Count;
    }

    /// <summary>Expected calibration error over 15 bins of equal width.</summary>
    /// <param name="right">Whether each row was answered with its true class.</param>
    /// <param name="confidence">The probability given to each answer, 0 to 1.</param>
    public static double CalibrationError(ReadOnlySpan<bool> right, ReadOnlySpan<double> confidence)
    {
        Span<double> confidenceSum = stackalloc double[CalibrationBins];
        Span<double> rightSum = stackalloc double[CalibrationBins];
        for (var row = 0; row < right.Length; row++)
        {
            var bin = Math.Clamp((int)Math.Ceiling(confidence[row] * CalibrationBins) - 1, 0, CalibrationBins - 1);
            confidenceSum[bin] += confidence[row];
            rightSum[bin] += right[row] ? 1 : 0;
        }

        var error = 0.0;
        for (var bin = 0; bin < CalibrationBins; bin++)
        {
            error += Math.Abs(rightSum[bin] - confidenceSum[bin]);
        }

        return error / right.Length;
    }

    /// <summary>Accuracy, and recall averaged over the classes that occur, on the rows of a slice.</summary>
    /// <param name="rows">The slice's rows, at least one.</param>
    /// <param name="truth">True classes of the whole data set.</param>
    /// <param name="answers">Answers of the whole data set.</param>
    public static SliceScores Slice(IReadOnlyList<int> rows, ReadOnlySpan<int> truth, ReadOnlySpan<int> answers)
    {
        var perClass = new Dictionary<int, (long Rows, long Right)>();
        var right = 0L;
        foreach (var row in rows)
        {
            var hit = truth[row] == answers[row] ? 1 : 0;
            var counts = perClass.GetValueOrDefault(truth[row]);
            perClass[truth[row]] = (counts.Rows + 1, counts.Right + hit);
            right += hit;
        }

        return new SliceScores(right / (double)rows.Count, perClass.Values.Average(c => c.Right / (double)c.Rows));
    }

    /// <summary>The four outcomes of two versions on the same rows.</summary>
    public static PairedOutcomes Pair(IEnumerable<int> rows, ReadOnlySpan<int> truth, ReadOnlySpan<int> candidate, ReadOnlySpan<int> baseline)
    {
        long both = 0, onlyCandidate = 0, onlyBaseline = 0, neither = 0;
        foreach (var row in rows)
        {
            switch (candidate[row] == truth[row], baseline[row] == truth[row])
            {
                case (true, true): both++; break;
                case (true, false): onlyCandidate++; break;
                case (false, true): onlyBaseline++; break;
                default: neither++; break;
            }
        }

        return new PairedOutcomes(both, onlyCandidate, onlyBaseline, neither);
    }
}
