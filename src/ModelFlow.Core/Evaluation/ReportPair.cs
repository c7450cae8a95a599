namespace ModelFlow.Core.Evaluation;

/// <summary>One of the two versions that a report is about.</summary>
/// <param name="Report">The report.</param>
/// <param name="IsBaseline">Whether it is the report's baseline; else its candidate.</param>
public sealed record ReportColumn(EvaluationReport Report, bool IsBaseline)
{
    /// <summary>The version's numbers.</summary>
    /// <exception cref="InvalidOperationException">It is the baseline of a report that has none.</exception>
    public ModelMeasurements Of => (IsBaseline ? Report.Baseline : Report.Candidate) ?? throw new InvalidOperationException("The report has no baseline.");

    /// <summary>The version's numbers as a language model; null for a classifier.</summary>
    public TextMeasurements? OfText => IsBaseline ? Report.Text?.Baseline : Report.Text?.Candidate;

    /// <summary>The version's answers, row by row; null where the report keeps none.</summary>
    public IReadOnlyList<int>? Answers => IsBaseline ? Report.Answers?.Baseline : Report.Answers?.Candidate;

    /// <summary>The version's numbers on a slice of the report.</summary>
    public SliceScores? On(SliceReport slice) => IsBaseline ? slice.Baseline : slice.Candidate;

    /// <summary>What the version chose of a question.</summary>
    public int? Choice(ChoiceAnswers question) => IsBaseline ? question.Baseline : question.Candidate;

    /// <summary>How well the version foresaw a passage.</summary>
    public TokenLoss? Loss(PassageScores passage) => IsBaseline ? passage.Baseline : passage.Candidate;
}

/// <summary>A row that two versions answered differently.</summary>
/// <param name="Row">Its place in the data set, from 0; of a language model's data set the place among its questions.</param>
/// <param name="Id">Its id; null without one.</param>
/// <param name="Label">The true class; of a question the index of the right option.</param>
/// <param name="A">What a answered; null if that is no class of the data set.</param>
/// <param name="B">What b answered; null likewise.</param>
public sealed record FlippedPrediction(long Row, string? Id, string Label, string? A, string? B);

/// <summary>
/// What two versions did on the same rows, in one report that compares them or in two reports on the same data set. Of different rows nothing can be said:
/// then everything is null. Intervals are of b − a, by the same paired bootstrap as the gates'.
/// </summary>
public sealed class ReportPair(ReportColumn a, ReportColumn b)
{
    /// <summary>Of the intervals, each by itself.</summary>
    public const double Confidence = 0.95;

    /// <summary>Whether both were measured on the same rows.</summary>
    public bool SameRows { get; } = a.Report.Dataset.Sha256 == b.Report.Dataset.Sha256;

    private IReadOnlyList<(int Truth, int A, int B)>? _rows;

    private bool Together => ReferenceEquals(a.Report, b.Report);

    /// <summary>How often each was right, a being the baseline: on the rows, or of language models on the questions. Null where it is not known row by row.</summary>
    public PairedOutcomes? Outcomes()
    {
        if (Together && a.IsBaseline != b.IsBaseline && a.Report.Paired is { } paired)
        {
            return Turned(paired);
        }

        if (Questions() is { Count: > 0 } questions)
        {
            return Count(questions.Select(q => (q.Right, q.A, q.B)));
        }

        return Rows() is { } rows ? Count(rows.Select(r => (r.Truth, r.A, r.B))) : null;
    }

    /// <summary>The interval of what b gained in accuracy against a.</summary>
    /// <param name="outcomes">On what; a is the baseline in it.</param>
    /// <param name="what">The name of the slice, empty for all rows: each has draws of its own, the same every time.</param>
    public Interval AccuracyGain(PairedOutcomes outcomes, string what)
    {
        var loss = PairedBootstrap.AccuracyLoss(outcomes, Confidence, GateJudge.Generator(a.Report, "compare", what));
        return new Interval(-loss.High, -loss.Low);
    }

    /// <summary>How often each was right on a slice that both reports have, a being the baseline; null where it is not known row by row.</summary>
    public PairedOutcomes? Outcomes(SliceReport slice)
    {
        if (Together)
        {
            return a.IsBaseline != b.IsBaseline && slice.Paired is { } paired ? Turned(paired) : null;
        }

        // Two reports: only of true classes it is known which rows they are.
        return string.Equals(slice.Column, a.Report.Label, StringComparison.Ordinal) && Rows() is { } rows
            ? Count(rows.Where(r => string.Equals(a.Report.Classes[r.Truth], slice.Value, StringComparison.Ordinal)).Select(r => (r.Truth, r.A, r.B)))
            : null;
    }

    /// <summary>The interval of the difference in bits per byte; null without passages that both foresaw.</summary>
    public Interval? BitsPerByteIncrease()
    {
        if (!SameRows || a.Report.Text?.Passages is not { Count: > 0 } ofA || b.Report.Text?.Passages is not { } ofB || ofA.Count != ofB.Count)
        {
            return null;
        }

        var pairs = ofA.Zip(ofB).Select(p => (A: a.Loss(p.First), B: b.Loss(p.Second), p.First.Bytes)).ToList();
        return pairs.TrueForAll(p => p.A is not null && p.B is not null)
            ? PairedBootstrap.RatioOfSums([.. pairs.Select(p => ((p.B!.Nats - p.A!.Nats) / Math.Log(2), (double)p.Bytes))], Confidence, GateJudge.Generator(a.Report, "compare", "bitsPerByte"))
            : null;
    }

    /// <summary>Every row that they answered differently: first what only a had right, then what only b had right, then what both had wrong, each in the data set's order. Null where answers are not known row by row.</summary>
    public IReadOnlyList<FlippedPrediction>? Flipped()
    {
        var (classes, ids) = (a.Report.Classes, a.Report.Answers?.Ids);
        var answered = Questions() is { Count: > 0 } questions
            ? questions.Select((q, i) => new Answered(new FlippedPrediction(i, q.Id, $"{q.Right}", $"{q.A}", $"{q.B}"), q.Right, q.A, q.B))
            : Rows()?.Select((r, i) => new Answered(new FlippedPrediction(i, ids?[i], classes[r.Truth], Name(r.A), Name(r.B)), r.Truth, r.A, r.B));
        return answered is null ? null : [.. answered.Where(x => x.A != x.B).OrderBy(x => x.A == x.Truth ? 0 : x.B == x.Truth ? 1 : 2).Select(x => x.Prediction)];

        string? Name(int index) => index == ClassificationScores.OtherClass ? null : classes[index];
    }

    private PairedOutcomes Turned(PairedOutcomes paired) =>
        a.IsBaseline ? paired : paired with { OnlyCandidateCorrect = paired.OnlyBaselineCorrect, OnlyBaselineCorrect = paired.OnlyCandidateCorrect };

    // The same bytes have the same classes in the same rows, unless two evaluators read them differently.
    private IReadOnlyList<(int Truth, int A, int B)>? Rows() => _rows ??=
        SameRows && a.Answers is { } ofA && b.Answers is { } ofB && a.Report.Answers is { } x && b.Report.Answers is { } y
            && a.Report.Classes.SequenceEqual(b.Report.Classes, StringComparer.Ordinal) && x.Truth.SequenceEqual(y.Truth)
            ? [.. x.Truth.Select((truth, i) => (truth, ofA[i], ofB[i]))]
            : null;

    private IReadOnlyList<(string? Id, int Right, int A, int B)>? Questions()
    {
        if (!SameRows || a.Report.Text?.Choices is not { } ofA || b.Report.Text?.Choices is not { } ofB || ofA.Count != ofB.Count)
        {
            return null;
        }

        var pairs = ofA.Zip(ofB).Select(p => (p.First.Id, p.First.Right, Same: p.First.Right == p.Second.Right, A: a.Choice(p.First), B: b.Choice(p.Second))).ToList();
        return pairs.TrueForAll(p => p is { Same: true, A: not null, B: not null }) ? [.. pairs.Select(p => (p.Id, p.Right, p.A!.Value, p.B!.Value))] : null;
    }

    private static PairedOutcomes? Count(IEnumerable<(int Truth, int A, int B)> rows)
    {
        var counts = rows.CountBy(r => (A: r.A == r.Truth, B: r.B == r.Truth)).ToDictionary();
        var outcomes = new PairedOutcomes(Of(true, true), Of(false, true), Of(true, false), Of(false, false));
        return outcomes.Rows == 0 ? null : outcomes;

        long Of(bool rightOfA, bool rightOfB) => counts.GetValueOrDefault((rightOfA, rightOfB));
    }

    private sealed record Answered(FlippedPrediction Prediction, int Truth, int A, int B);
}
