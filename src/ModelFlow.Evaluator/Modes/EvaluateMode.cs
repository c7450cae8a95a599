using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Evaluator.Data;

namespace ModelFlow.Evaluator.Modes;

/// <summary>
/// Runs the version and the baseline over the data set. The two take turns on every batch, so that whatever else the machine does
/// meets both; the first pass gives the answers, further passes only times.
/// </summary>
internal static class EvaluateMode
{
    private const int WarmUps = 3;
    private const int EnoughSamples = 200;
    private static readonly TimeSpan TimingBudget = TimeSpan.FromSeconds(10);

    public static async Task<EvaluatorResult> RunAsync(JobSettings settings, Progress progress)
    {
        var digest = await DigestAsync(settings.Dataset);
        if (settings.DatasetSha256 != default && settings.DatasetSha256 != digest)
        {
            return EvaluatorResult.Faulted($"the data set '{settings.DatasetPath}' has the digest {digest}, not {settings.DatasetSha256}");
        }

        var reserved = new HashSet<string>(settings.Slices, StringComparer.Ordinal) { LabelledRows.Id, settings.Label };
        var rows = new LabelledRows(TableReader.Read(settings.Dataset, reserved), settings);
        if (rows.Problem is not null)
        {
            return EvaluatorResult.Faulted($"the data set '{settings.DatasetPath}' {rows.Problem}");
        }

        progress.Say($"{rows.Table.Rows} rows, {rows.Classes.Count} classes, {rows.Slices.Count} slices");
        var memory = new MemoryProbe();
        var candidateEntry = memory.Measure(() => Enter(settings.Candidate, settings, rows, reserved), out var candidateMemory);
        using var candidate = candidateEntry.Contestant;
        if (candidate is null)
        {
            return EvaluatorResult.Refused(candidateEntry.By, candidateEntry.Reason);
        }

        long? baselineMemory = null;
        var baselineEntry = settings.Baseline is null
            ? new Entry(null, "", "")
            : memory.Measure(() => Enter(settings.Baseline, settings, rows, reserved), out baselineMemory);
        using var baseline = baselineEntry.Contestant;
        if (settings.Baseline is not null && baseline is null && !baselineEntry.OtherRows)
        {
            return EvaluatorResult.Faulted($"the version to compare with, {settings.Baseline.Version}, does not run: {baselineEntry.Reason}");
        }

        if (Compete(candidate, baseline, rows.Table.Rows, settings.BatchSize, progress) is { } failure)
        {
            return failure.IsCandidate
                ? EvaluatorResult.Refused("evaluation", failure.Reason)
                : EvaluatorResult.Faulted($"the version to compare with, {settings.Baseline!.Version}: {failure.Reason}");
        }

        memory.Note();
        var report = ReportBuilder.Build(settings, rows, digest, memory.Peak, candidate, candidateMemory, baseline, baselineMemory, baselineEntry.Reason);
        progress.Say("writing the answers");
        await PredictionsFile.WriteAsync(Path.Combine(settings.OutputDirectory, EvaluatorContract.PredictionsFile), rows, candidate, baseline);
        await File.WriteAllBytesAsync(
            Path.Combine(settings.OutputDirectory, EvaluatorContract.ReportFile),
            JsonSerializer.SerializeToUtf8Bytes(report, CoreJson.Options));
        return EvaluatorResult.Completed(ReportBuilder.Summary(report, settings));
    }

    private static Entry Enter(ModelFolder folder, JobSettings settings, LabelledRows rows, HashSet<string> reserved)
    {
        switch (ModelOpening.Open(folder, settings.Threads))
        {
            case OpenedModel.Refused refused:
                return new Entry(null, refused.By, refused.Reason);
            case OpenedModel.Opened opened:
                var contestant = Contestant.Enter(opened.Model, rows.Table, reserved, rows.ClassIndex, out var reason);
                if (contestant is null)
                {
                    opened.Model.Dispose();
                    return new Entry(null, "signature", reason, OtherRows: true);
                }

                // The warm-up belongs to loading: the runtime plans its memory on the first run.
                var count = Math.Min(settings.BatchSize, rows.Table.Rows);
                for (var i = 0; i < WarmUps; i++)
                {
                    if (!contestant.TryRun(0, count, keep: false, out _, out reason))
                    {
                        contestant.Dispose();
                        return new Entry(null, "evaluation", reason);
                    }
                }

                contestant.ForgetTimes();
                return new Entry(contestant, "", "");
            default:
                throw new InvalidOperationException("unknown outcome");
        }
    }

    private static Failure? Compete(Contestant candidate, Contestant? baseline, int rows, int batchSize, Progress progress)
    {
        var batch = Math.Min(batchSize, rows);
        var began = Stopwatch.GetTimestamp();
        for (var pass = 0; ; pass++)
        {
            for (var start = 0; start < rows; start += batch)
            {
                var count = Math.Min(batch, rows - start);
                if (pass > 0)
                {
                    var samples = candidate.SamplesMs.Count;
                    if (count < batch || samples >= EvaluationReportReader.MostSamples)
                    {
                        continue;
                    }

                    if (samples >= EnoughSamples || Stopwatch.GetElapsedTime(began) > TimingBudget)
                    {
                        return null;
                    }
                }

                var candidateFirst = ((start / batch) + pass) % 2 == 0;
                if (Turn(candidateFirst) is { } first)
                {
                    return first;
                }

                if (Turn(!candidateFirst) is { } second)
                {
                    return second;
                }

                if (pass == 0)
                {
                    progress.Report("rows", start + count, rows);
                }

                Failure? Turn(bool isCandidate)
                {
                    var contestant = isCandidate ? candidate : baseline;
                    if (contestant is null)
                    {
                        return null;
                    }

                    if (!contestant.TryRun(start, count, keep: pass == 0, out var milliseconds, out var reason))
                    {
                        return new Failure(isCandidate, reason);
                    }

                    if (count == batch && contestant.SamplesMs.Count < EvaluationReportReader.MostSamples)
                    {
                        contestant.SamplesMs.Add(milliseconds);
                    }

                    return null;
                }
            }

            if (candidate.SamplesMs.Count >= EnoughSamples)
            {
                return null;
            }
        }
    }

    public static async Task<Sha256Digest> DigestAsync(string path)
    {
        await using var stream = File.OpenRead(path);
        return Sha256Digest.FromHash(await SHA256.HashDataAsync(stream));
    }

    private sealed record Failure(bool IsCandidate, string Reason);

    /// <param name="Contestant">Null when it cannot take part.</param>
    /// <param name="By">What speaks against it.</param>
    /// <param name="Reason">Why.</param>
    /// <param name="OtherRows">It is sound, but made for rows of another kind: what a new signature does to the version before it.</param>
    private sealed record Entry(Contestant? Contestant, string By, string Reason, bool OtherRows = false);
}
