using CsCheck;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Evaluation;

public sealed class ReportPairTests
{
    private static readonly int[] Truth = [0, 1, 2, 0, 1, 2];

    // Of the six rows b gets one right that a does not, a gets two right that b does not, and one is wrong in two ways.
    private static readonly int[] OfA = [0, 1, 2, 1, 0, 2];
    private static readonly int[] OfB = [0, 2, 2, 2, 1, ClassificationScores.OtherClass];

    [Fact]
    public void Flipped_oneReport_listsLossesThenGainsThenTheRest()
    {
        var report = Reports.Of(Truth, OfB, OfA, classes: 3);
        report = report with { Answers = report.Answers! with { Ids = ["r0", "r1", "r2", "r3", "r4", "r5"] } };
        Assert.Empty(EvaluationReportReader.Check(report));

        var flipped = Pair(report, report, aIsBaseline: true).Flipped();

        Assert.Equal(
            [
                new FlippedPrediction(1, "r1", "1", "1", "2"),
                new FlippedPrediction(5, "r5", "2", "2", null),
                new FlippedPrediction(4, "r4", "1", "0", "1"),
                new FlippedPrediction(3, "r3", "0", "1", "2"),
            ],
            flipped);
    }

    [Fact]
    public void Outcomes_baselineAsB_areTurned()
    {
        var report = Reports.Of(Truth, OfB, OfA, classes: 3);

        Assert.Equal(new PairedOutcomes(2, 1, 2, 1), Pair(report, report, aIsBaseline: true).Outcomes());
        Assert.Equal(new PairedOutcomes(2, 2, 1, 1), new ReportPair(new ReportColumn(report, false), new ReportColumn(report, true)).Outcomes());
    }

    [Fact]
    public void TwoReportsOnTheSameRows_sayWhatOneReportSays() => Gen.Int[0, 2].Array[1, 40].SelectMany(truth => Gen.Select(Gen.Const(truth), Gen.Int[-1, 2].Array[truth.Length], Gen.Int[-1, 2].Array[truth.Length])).Sample((truth, a, b) =>
    {
        // A class without a row is no class of a report.
        var classes = truth.Distinct().Order().ToList();
        int Index(int c) => classes.IndexOf(c);
        var together = Reports.Of([.. truth.Select(Index)], [.. b.Select(Index)], [.. a.Select(Index)], classes.Count);
        var (first, second) = (Reports.Of([.. truth.Select(Index)], [.. a.Select(Index)], null, classes.Count), Reports.Of([.. truth.Select(Index)], [.. b.Select(Index)], null, classes.Count));
        Assert.Empty(EvaluationReportReader.Check(together));

        var (one, two) = (Pair(together, together, aIsBaseline: true), Pair(first, second, aIsBaseline: false));

        Assert.Equal(one.Outcomes(), two.Outcomes());
        Assert.Equal(one.Flipped(), two.Flipped());
        Assert.All(together.Slices.Zip(first.Slices), s => Assert.Equal(one.Outcomes(s.First), two.Outcomes(s.Second)));
        Assert.Equal(one.Flipped()!.Count, a.Select(Index).Zip(b.Select(Index)).Count(p => p.First != p.Second));
    });

    [Fact]
    public void OtherRows_nothingIsSaid()
    {
        var first = Reports.Of(Truth, OfA, null, classes: 3);
        var other = first with { Dataset = first.Dataset with { Sha256 = Sha256Digest.Of("other rows") } };
        var relabelled = Reports.Of([0, 1, 2, 0, 1, 1], OfB, null, classes: 3) with { Dataset = first.Dataset };

        Assert.All([other, relabelled, first with { Answers = null }], second =>
        {
            var pair = Pair(first, second, aIsBaseline: false);
            Assert.Null(pair.Outcomes());
            Assert.Null(pair.Flipped());
            Assert.Null(pair.Outcomes(first.Slices[0]));
        });
    }

    [Fact]
    public void AccuracyGain_isTheGatesIntervalOfTheLossTurned()
    {
        var pair = Pair(Reports.Of(Truth, OfB, OfA, classes: 3), null, aIsBaseline: true);

        var gain = pair.AccuracyGain(new PairedOutcomes(800, 150, 50, 0), "");

        Assert.InRange(gain.Low, 0.06, 0.1);
        Assert.InRange(gain.High, 0.1, 0.14);
    }

    [Fact]
    public void LanguageModels_questionsFlipAndBitsHaveAnInterval()
    {
        var report = TextReports.Of([100, 110, 120, 130], [90, 105, 100, 125]);
        var pair = Pair(report, report, aIsBaseline: true);

        Assert.Equal(new PairedOutcomes(30, 0, 10, 0), pair.Outcomes());
        Assert.Equal(10, pair.Flipped()!.Count);
        Assert.Equal(new FlippedPrediction(30, "c30", "2", "2", "3"), pair.Flipped()![0]);
        Assert.InRange(pair.BitsPerByteIncrease()!.Low, 0.05, 0.15);
        Assert.InRange(pair.BitsPerByteIncrease()!.High, 0.15, 0.29);
        Assert.Null(Pair(report, report with { Dataset = report.Dataset with { Sha256 = Sha256Digest.Of("x") } }, aIsBaseline: false).BitsPerByteIncrease());
    }

    private static ReportPair Pair(EvaluationReport a, EvaluationReport? b, bool aIsBaseline) =>
        new(new ReportColumn(a, aIsBaseline), new ReportColumn(b ?? a, false));
}
