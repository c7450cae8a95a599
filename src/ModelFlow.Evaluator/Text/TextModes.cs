using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Text;

/// <summary>Inspection and smoke test of language models.</summary>
internal static class TextModes
{
    private const int SmokeTokens = 16;
    private const int LongestPrompt = 400;

    /// <summary>Reads the file, and loads it once.</summary>
    public static async Task<EvaluatorResult> InspectAsync(JobSettings settings)
    {
        var opening = await TextModel.OpenAsync(settings.Candidate, settings.Engine, settings.Threads);
        if (opening is not OpenedText.Opened opened)
        {
            return opening.ToResult();
        }

        await using var model = opened.Model;
        return model.File is { } file
            ? EvaluatorResult.Completed($"{file}; loads in {model.LoadTime.TotalMilliseconds:0} ms", ModelSignature.OfText(file.Signature))
            : EvaluatorResult.Refused("format", $"there is no inspection of the format '{settings.Candidate.Format}'; this one reads onnx and gguf");
    }

    /// <summary>Goes on with each golden text, and scores it: something must come, and every probability must be a number.</summary>
    public static async Task<EvaluatorResult> SmokeAsync(JobSettings settings, Progress progress)
    {
        var rows = TextRows.Read(settings.Dataset, settings.Label, []);
        var opening = await TextModel.OpenAsync(settings.Candidate, settings.Engine, settings.Threads);
        if (opening is not OpenedText.Opened opened)
        {
            return opening.ToResult();
        }

        await using var model = opened.Model;
        string[] prompts = [.. rows.Prompts, .. rows.Passages.Select(p => Beginning(p.Text)), .. rows.Questions.Select(q => Beginning(q.Context))];
        string[] texts = [.. rows.Passages.Select(p => p.Text), .. rows.Questions.Select(q => q.Context + q.Options[0])];
        long tokens = 0, scored = 0;
        var silent = 0;
        try
        {
            for (var i = 0; i < prompts.Length; i++)
            {
                var answer = await model.Engine.GenerateAsync(prompts[i], SmokeTokens);
                tokens += answer.Tokens;
                silent += string.IsNullOrWhiteSpace(answer.Text) ? 1 : 0;
                progress.Report("prompts", i + 1, prompts.Length);
            }

            foreach (var text in texts)
            {
                scored += (await model.Engine.ScoreAsync(text)).Tokens;
            }
        }
        catch (EngineException e)
        {
            return EvaluatorResult.Refused("smoke", model.Explain(e));
        }

        return silent > 0
            ? EvaluatorResult.Refused("smoke", $"{silent} of {prompts.Length} prompts were answered with nothing")
            : EvaluatorResult.Completed($"{prompts.Length} prompts were answered with {tokens} tokens{(scored > 0 ? $"; {scored} tokens of {texts.Length} texts have finite probabilities" : "")}");
    }

    /// <summary>A text's beginning, up to a space, as a prompt that leaves room for an answer.</summary>
    public static string Beginning(string text)
    {
        var end = Math.Min(text.Length / 2, LongestPrompt);
        var space = end > 0 ? text.LastIndexOf(' ', end) : -1;
        return space > 0 ? text[..space] : text[..Math.Max(1, end)];
    }
}
