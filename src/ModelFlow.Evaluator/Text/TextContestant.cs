using ModelFlow.Core.Evaluation;

namespace ModelFlow.Evaluator.Text;

/// <summary>One language model in an evaluation and what it answered, row by row.</summary>
internal sealed class TextContestant(string version, TextModel model)
{
    /// <summary>The version's name.</summary>
    public string Version => version;

    public TextModel Model => model;

    public List<TokenLoss> Passages { get; } = [];

    public List<int> Choices { get; } = [];

    public List<double> FirstMs { get; } = [];

    public List<double> AnswerMs { get; } = [];

    public List<double> TokensPerSecond { get; } = [];

    public async Task ScoreAsync(Passage passage)
    {
        var (tokens, nats) = await model.Engine.ScoreAsync(passage.Text);
        Passages.Add(new TokenLoss(tokens, nats));
    }

    /// <summary>Chooses the option with the greatest log-probability a byte after the context: long options are not punished for their length.</summary>
    public async Task ChooseAsync(Question question)
    {
        var context = await model.Engine.ScoreAsync(question.Context);
        var (best, bestScore) = (0, double.NegativeInfinity);
        for (var i = 0; i < question.Options.Count; i++)
        {
            var both = await model.Engine.ScoreAsync(question.Context + question.Options[i]);
            var score = (context.Nats - both.Nats) / System.Text.Encoding.UTF8.GetByteCount(question.Options[i]);
            if (score > bestScore)
            {
                (best, bestScore) = (i, score);
            }
        }

        Choices.Add(best);
    }

    /// <summary>Answers a prompt; keeps the times if asked to.</summary>
    public async Task AnswerAsync(string prompt, int tokens, bool keep)
    {
        var answer = await model.Engine.GenerateAsync(prompt, tokens);
        if (!keep)
        {
            return;
        }

        FirstMs.Add((answer.First ?? answer.All).TotalMilliseconds);
        AnswerMs.Add(answer.All.TotalMilliseconds);
        if (answer.TokensPerSecond is { } speed)
        {
            TokensPerSecond.Add(speed);
        }
    }
}
