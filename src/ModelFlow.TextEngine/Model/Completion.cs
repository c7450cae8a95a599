using System.Text;

namespace ModelFlow.TextEngine.Model;

/// <summary>What is asked of a completion; checked before.</summary>
internal sealed record CompletionTask
{
    public required int[] Prompt { get; init; }

    /// <summary>Tokens to add at most.</summary>
    public required int MaxTokens { get; init; }

    /// <summary>0 takes the most probable token always.</summary>
    public required double Temperature { get; init; }

    public required double TopP { get; init; }

    public int? Seed { get; init; }

    /// <summary>Texts at which the answer ends; they are not part of it.</summary>
    public required IReadOnlyList<string> Stop { get; init; }

    /// <summary>Whether probabilities are wanted, and how many most probable tokens with each.</summary>
    public int? Scores { get; init; }
}

/// <summary>Adds to a text, token by token.</summary>
internal static class Completion
{
    /// <summary>
    /// The log-probabilities of the prompt's own tokens, each given those before it; the first has none. Leaves the turn ready for
    /// what comes after the prompt.
    /// </summary>
    public static IReadOnlyList<TokenScore> ScorePrompt(ModelTurn turn, int[] prompt, int top, CancellationToken cancellationToken)
    {
        var scores = new TokenScore[prompt.Length];
        scores[0] = new TokenScore(prompt[0], null, []);
        turn.Read(
            prompt,
            (index, logits) =>
            {
                if (index + 1 < prompt.Length)
                {
                    scores[index + 1] = Probabilities.Score(logits, prompt[index + 1], top);
                }
            },
            cancellationToken);
        return scores;
    }

    /// <summary>The answer in pieces; the last one says why it ended. The prompt has been read.</summary>
    public static IEnumerable<Piece> Run(LanguageModel model, ModelTurn turn, CompletionTask task, CancellationToken cancellationToken)
    {
        var random = task.Seed is { } seed ? new Random(seed) : new Random();
        var text = new StoppingText(task.Stop);
        for (var count = 0; ; count++)
        {
            if (count == task.MaxTokens)
            {
                yield return new Piece(text.Rest(), [], "length");
                yield break;
            }

            cancellationToken.ThrowIfCancellationRequested();
            var token = task.Temperature == 0 ? Probabilities.Greatest(turn.Next) : Probabilities.Draw(turn.Next, task.Temperature, task.TopP, random);
            if (model.IsEnd(token))
            {
                yield return new Piece(text.Rest(), [], "stop");
                yield break;
            }

            // Also without being asked: a broken model must not answer as if it were well.
            var score = Probabilities.Score(turn.Next, token, task.Scores ?? 0);
            var ready = text.Add(model.Bytes.Of(token), out var stopped);
            yield return new Piece(ready, [score], stopped ? "stop" : null);
            if (stopped)
            {
                yield break;
            }

            if (count + 1 < task.MaxTokens)
            {
                turn.Read([token], null, cancellationToken);
            }
        }
    }
}

/// <summary>A piece of an answer.</summary>
/// <param name="Text">Whole characters; may be empty.</param>
/// <param name="Tokens">The tokens since the last piece.</param>
/// <param name="Finish"><c>stop</c> or <c>length</c> with the last piece.</param>
internal sealed record Piece(string Text, IReadOnlyList<TokenScore> Tokens, string? Finish);
