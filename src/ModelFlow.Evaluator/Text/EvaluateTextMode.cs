using System.Diagnostics;
using System.Text.Json;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Serialization;
using ModelFlow.Evaluator.Modes;

namespace ModelFlow.Evaluator.Text;

/// <summary>
/// Runs the version and the baseline, each in an engine of its own, over passages, questions and prompts. They take turns on every row,
/// so that whatever else the machine does meets both.
/// </summary>
internal static class EvaluateTextMode
{
    private const int AnswerTokens = 32;
    private const int MostPrompts = 32;
    private const int EnoughAnswers = 40;
    private static readonly TimeSpan TimingBudget = TimeSpan.FromSeconds(20);

    public static async Task<EvaluatorResult> RunAsync(JobSettings settings, Progress progress)
    {
        var digest = await EvaluateMode.DigestAsync(settings.Dataset);
        if (settings.DatasetSha256 != default && settings.DatasetSha256 != digest)
        {
            return EvaluatorResult.Faulted($"the data set '{settings.DatasetPath}' has the digest {digest}, not {settings.DatasetSha256}");
        }

        var rows = TextRows.Read(settings.Dataset, settings.Label, settings.Slices);
        progress.Say($"{rows.Passages.Count} passages, {rows.Questions.Count} questions, {rows.Prompts.Count} prompts");
        var opening = await TextModel.OpenAsync(settings.Candidate, settings.Engine, settings.Threads);
        if (opening is not OpenedText.Opened opened)
        {
            return opening.ToResult();
        }

        await using var model = opened.Model;
        var candidate = new TextContestant(settings.Candidate.Version, model);
        if (settings.Baseline is not { } folder)
        {
            return await CompeteAsync(settings, rows, digest, candidate, null, null, progress);
        }

        if (!TextModel.IsText(folder))
        {
            return await CompeteAsync(settings, rows, digest, candidate, null, $"{folder.Version} is no language model ({folder.Format})", progress);
        }

        var baselineOpening = await TextModel.OpenAsync(folder, settings.Engine, settings.Threads);
        if (baselineOpening is not OpenedText.Opened baselineOpened)
        {
            return EvaluatorResult.Faulted($"the version to compare with, {folder.Version}, does not run: {baselineOpening.ToResult().Reason}");
        }

        await using var baseline = baselineOpened.Model;
        return await CompeteAsync(settings, rows, digest, candidate, new TextContestant(folder.Version, baseline), null, progress);
    }

    private static async Task<EvaluatorResult> CompeteAsync(
        JobSettings settings, TextRows rows, Core.Naming.Sha256Digest digest, TextContestant candidate, TextContestant? baseline, string? baselineUnavailable, Progress progress)
    {
        TextContestant[] all = baseline is null ? [candidate] : [candidate, baseline];
        try
        {
            await EachAsync("passages", rows.Passages, all, progress, static (c, p) => c.ScoreAsync(p));
            await EachAsync("questions", rows.Questions, all, progress, static (c, q) => c.ChooseAsync(q));
            await MeasureSpeedAsync(Prompts(rows), all, progress);
        }
        catch (ContestException e)
        {
            var reason = $"{e.Where}: {e.Contestant.Model.Explain(e.Cause)}";
            return e.Contestant == candidate
                ? EvaluatorResult.Refused("evaluation", reason)
                : EvaluatorResult.Faulted($"the version to compare with, {e.Contestant.Version}: {reason}");
        }

        var report = TextReportBuilder.Build(settings, rows, digest, candidate, baseline, baselineUnavailable);
        await File.WriteAllBytesAsync(Path.Combine(settings.OutputDirectory, EvaluatorContract.ReportFile), JsonSerializer.SerializeToUtf8Bytes(report, CoreJson.Options));
        return EvaluatorResult.Completed(TextReportBuilder.Summary(report, settings));
    }

    private static async Task EachAsync<T>(string what, List<T> rows, TextContestant[] all, Progress progress, Func<TextContestant, T, Task> run)
    {
        for (var i = 0; i < rows.Count; i++)
        {
            foreach (var contestant in i % 2 == 0 ? all : Enumerable.Reverse(all))
            {
                await TryAsync(contestant, $"{what[..^1]} {i + 1}", c => run(c, rows[i]));
            }

            progress.Report(what, i + 1, rows.Count);
        }
    }

    private static async Task MeasureSpeedAsync(IReadOnlyList<string> prompts, TextContestant[] all, Progress progress)
    {
        foreach (var contestant in all)
        {
            await TryAsync(contestant, "the first prompt", c => c.AnswerAsync(prompts[0], AnswerTokens, keep: false));
        }

        var began = Stopwatch.GetTimestamp();
        for (var i = 0; i < EnoughAnswers && (i < 3 || Stopwatch.GetElapsedTime(began) < TimingBudget); i++)
        {
            foreach (var contestant in i % 2 == 0 ? all : Enumerable.Reverse(all))
            {
                await TryAsync(contestant, $"prompt {(i % prompts.Count) + 1}", c => c.AnswerAsync(prompts[i % prompts.Count], AnswerTokens, keep: true));
            }

            progress.Report("timed answers", i + 1, EnoughAnswers);
        }
    }

    // Where there are no prompts, the beginnings of passages and questions are some.
    private static IReadOnlyList<string> Prompts(TextRows rows) =>
        rows.Prompts.Count > 0
            ? [.. rows.Prompts.Take(MostPrompts)]
            : [.. rows.Passages.Select(p => TextModes.Beginning(p.Text)).Concat(rows.Questions.Select(q => TextModes.Beginning(q.Context))).Take(MostPrompts)];

    private static async Task TryAsync(TextContestant contestant, string where, Func<TextContestant, Task> run)
    {
        try
        {
            await run(contestant);
        }
        catch (EngineException e)
        {
            throw new ContestException(contestant, where, e);
        }
    }

    private sealed class ContestException(TextContestant contestant, string where, EngineException cause) : Exception(cause.Message, cause)
    {
        public TextContestant Contestant => contestant;

        public string Where => where;

        public EngineException Cause => cause;
    }
}
