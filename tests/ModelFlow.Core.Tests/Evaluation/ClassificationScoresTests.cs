using CsCheck;
using ModelFlow.Core.Evaluation;

namespace ModelFlow.Core.Tests.Evaluation;

public sealed class ClassificationScoresTests
{
    // Truth 0,0,0,1,1,2; answers 0,0,1,1,2,none: worked out by hand.
    private static readonly int[] Truth = [0, 0, 0, 1, 1, 2];
    private static readonly int[] Answers = [0, 0, 1, 1, 2, ClassificationScores.OtherClass];

    [Fact]
    public void Confusion_answersOutsideTheClasses_lastColumn() =>
        Assert.Equal([[2, 1, 0, 0], [0, 1, 1, 0], [0, 0, 0, 1]], ClassificationScores.Confusion(3, Truth, Answers));

    [Fact]
    public void AccuracyAndMacroF1_workedExample_agree()
    {
        var confusion = ClassificationScores.Confusion(3, Truth, Answers);

        Assert.Equal(0.5, ClassificationScores.Accuracy(confusion));
        Assert.Equal(((4 / 5.0) + (2 / 4.0) + 0) / 3, ClassificationScores.MacroF1(confusion), 12);
    }

    [Fact]
    public void CalibrationError_workedExample_agrees()
    {
        // One bin with confidence 0.95 and accuracy 1/2, one with confidence 0.5 and accuracy 1: (2·0.45 + 1·0.5) / 3.
        Assert.Equal(((2 * 0.45) + 0.5) / 3, ClassificationScores.CalibrationError([true, false, true], [0.95, 0.95, 0.5]), 12);
    }

    [Fact]
    public void CalibrationError_anyConfidences_betweenNoneAndOne() =>
        Gen.Select(Gen.Bool, Gen.Double[0, 1]).Array[1, 50].Sample(rows =>
        {
            var error = ClassificationScores.CalibrationError([.. rows.Select(r => r.Item1)], [.. rows.Select(r => r.Item2)]);
            Assert.InRange(error, 0, 1 + 1e-12);
        });

    [Fact]
    public void Slice_rowsOfSeveralClasses_recallIsTheirMean()
    {
        var scores = ClassificationScores.Slice([0, 1, 2, 3, 4], Truth, Answers);

        Assert.Equal(3 / 5.0, scores.Accuracy);
        Assert.Equal(((2 / 3.0) + 0.5) / 2, scores.Recall, 12);
    }

    [Fact]
    public void Pair_anyAnswers_countsEveryRowOnce() =>
        Gen.Select(Gen.Int[0, 2], Gen.Int[-1, 2], Gen.Int[-1, 2]).Array[0, 40].Sample(rows =>
        {
            var pair = ClassificationScores.Pair(Enumerable.Range(0, rows.Length), [.. rows.Select(r => r.Item1)], [.. rows.Select(r => r.Item2)], [.. rows.Select(r => r.Item3)]);
            Assert.Equal(rows.Length, pair.Rows);
            Assert.Equal(rows.Count(r => r.Item1 == r.Item2), pair.BothCorrect + pair.OnlyCandidateCorrect);
        });
}
