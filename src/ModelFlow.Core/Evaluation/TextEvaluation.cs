namespace ModelFlow.Core.Evaluation;

/// <summary>What was measured of language models; the part of an <see cref="EvaluationReport"/> that has no classes. Each row has both versions' values, so that pairs can be drawn.</summary>
public sealed record TextEvaluation
{
    /// <summary>The passages whose probability was measured. At most 10,000.</summary>
    public required IReadOnlyList<PassageScores> Passages { get; init; }

    /// <summary>The multiple-choice questions. At most 10,000.</summary>
    public required IReadOnlyList<ChoiceAnswers> Choices { get; init; }

    /// <summary>The candidate's numbers.</summary>
    public required TextMeasurements Candidate { get; init; }

    /// <summary>The stable version's; null without one.</summary>
    public TextMeasurements? Baseline { get; init; }

    /// <summary>The values of each slice column. At most 1,000.</summary>
    public required IReadOnlyList<TextSlice> Slices { get; init; }
}

/// <summary>A passage and how well each version foresaw it.</summary>
/// <param name="Id">The row's id; null where it has none.</param>
/// <param name="Bytes">The passage's length in UTF-8, at least 1: the same for every tokenizer.</param>
/// <param name="Candidate">The candidate's loss.</param>
/// <param name="Baseline">The stable version's; null without one.</param>
public sealed record PassageScores(string? Id, long Bytes, TokenLoss Candidate, TokenLoss? Baseline);

/// <summary>The sum of the negative natural logarithms of the probabilities of a passage's tokens, each given those before it.</summary>
/// <param name="Tokens">The tokens that were scored, at least 1. A passage's first token is not, unless the model puts one before every text.</param>
/// <param name="Nats">The sum, 0 or more.</param>
public sealed record TokenLoss(long Tokens, double Nats);

/// <summary>A multiple-choice question and what each version chose: the option whose bytes it finds most probable after the context.</summary>
/// <param name="Id">The row's id; null where it has none.</param>
/// <param name="Options">The number of options, 2 to 26.</param>
/// <param name="Right">The index of the right one.</param>
/// <param name="Candidate">The index of the candidate's choice.</param>
/// <param name="Baseline">The stable version's; null without one.</param>
public sealed record ChoiceAnswers(string? Id, int Options, int Right, int Candidate, int? Baseline);

/// <summary>One language model's numbers.</summary>
public sealed record TextMeasurements
{
    /// <summary>The exponential of the mean loss per token, 1 or more; null without passages. Compares only between models with one tokenizer.</summary>
    public double? Perplexity { get; init; }

    /// <summary>The loss in bits per byte of text; null without passages. Compares between any models.</summary>
    public double? BitsPerByte { get; init; }

    /// <summary>The share of questions answered right, 0 to 1; null without questions.</summary>
    public double? ChoiceAccuracy { get; init; }

    /// <summary>From the request to the first piece of a streamed answer; null when it could not be measured.</summary>
    public LatencyMeasurements? TimeToFirstToken { get; init; }

    /// <summary>The median over answers of the tokens after the first by the time from the first to the last; null when it could not be measured.</summary>
    public double? TokensPerSecond { get; init; }
}

/// <summary>The rows that have one value in one column.</summary>
public sealed record TextSlice
{
    /// <summary>The column.</summary>
    public required string Column { get; init; }

    /// <summary>The value, as text.</summary>
    public required string Value { get; init; }

    /// <summary>The passages in it.</summary>
    public required long Passages { get; init; }

    /// <summary>The questions in it.</summary>
    public required long Choices { get; init; }

    /// <summary>The candidate's numbers.</summary>
    public required TextScores Candidate { get; init; }

    /// <summary>The stable version's; null without one.</summary>
    public TextScores? Baseline { get; init; }
}

/// <summary>One language model's scores on some rows; null where there are none of the kind.</summary>
/// <param name="Perplexity">As <see cref="TextMeasurements.Perplexity"/>.</param>
/// <param name="BitsPerByte">As <see cref="TextMeasurements.BitsPerByte"/>.</param>
/// <param name="ChoiceAccuracy">As <see cref="TextMeasurements.ChoiceAccuracy"/>.</param>
public sealed record TextScores(double? Perplexity, double? BitsPerByte, double? ChoiceAccuracy)
{
    /// <summary>The candidate's scores on these rows.</summary>
    public static TextScores OfCandidate(IReadOnlyCollection<PassageScores> passages, IReadOnlyCollection<ChoiceAnswers> choices) =>
        Of(passages.Select(p => (p.Bytes, (TokenLoss?)p.Candidate)), choices.Select(c => (c.Right, (int?)c.Candidate)));

    /// <summary>The stable version's scores on these rows.</summary>
    public static TextScores OfBaseline(IReadOnlyCollection<PassageScores> passages, IReadOnlyCollection<ChoiceAnswers> choices) =>
        Of(passages.Select(p => (p.Bytes, p.Baseline)), choices.Select(c => (c.Right, c.Baseline)));

    private static TextScores Of(IEnumerable<(long Bytes, TokenLoss? Loss)> passages, IEnumerable<(int Right, int? Chosen)> choices)
    {
        double nats = 0;
        long tokens = 0, bytes = 0, questions = 0, right = 0;
        foreach (var (length, loss) in passages)
        {
            nats += loss?.Nats ?? 0;
            tokens += loss?.Tokens ?? 0;
            bytes += length;
        }

        foreach (var (truth, chosen) in choices)
        {
            questions++;
            right += chosen == truth ? 1 : 0;
        }

        return new TextScores(
            tokens == 0 ? null : Math.Exp(nats / tokens),
            bytes == 0 ? null : nats / Math.Log(2) / bytes,
            questions == 0 ? null : right / (double)questions);
    }
}
