using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Puts two versions of a model side by side: what they are made of, what they take and give, and what they scored.</summary>
public sealed class CompareVersions(IReleaseIndex index, IReleaseStore releases, IReportStore reports)
{
    private const string ReportName = "evaluation.json";
    private const int LargestReport = 64 << 20;

    /// <summary>Compares two registered versions.</summary>
    public async Task<VersionComparison> CompareAsync(VersionRecord a, VersionRecord b, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return new VersionComparison
        {
            A = a,
            B = b,
            Signature = a.Signature is { } was && b.Signature is { } now ? Compare(was, now) : null,
            Manifest = Differences(a.Manifest, b.Manifest),
            Training = Metrics([.. a.Manifest.Metrics.Keys.Union(b.Manifest.Metrics.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
                .Select(m => (m, Find(a.Manifest.Metrics, m), Find(b.Manifest.Metrics, m)))]),
            Evaluation = await CompareEvaluationsAsync(a, b, cancellationToken),
        };
    }

    private async Task<EvaluationDifferences?> CompareEvaluationsAsync(VersionRecord a, VersionRecord b, CancellationToken cancellationToken)
    {
        if (await FindReportAsync(b, cancellationToken) is not { } ofB)
        {
            return null;
        }

        // The best evidence is one evaluation that ran both, in turns and on the same rows.
        if (ofB.Baseline == a.Version && ofB.Report.Baseline is { } baseline)
        {
            return Compare(new Scores(ofB.Release, ofB.Report, baseline, s => s.Baseline), Scores.OfCandidate(ofB), together: true);
        }

        if (await FindReportAsync(a, cancellationToken) is not { } ofA)
        {
            return null;
        }

        return ofA.Baseline == b.Version && ofA.Report.Baseline is { } other
            ? Compare(Scores.OfCandidate(ofA), new Scores(ofA.Release, ofA.Report, other, s => s.Baseline), together: true)
            : Compare(Scores.OfCandidate(ofA), Scores.OfCandidate(ofB), together: a.Version == b.Version);
    }

    private async Task<FoundReport?> FindReportAsync(VersionRecord version, CancellationToken cancellationToken)
    {
        if (await index.FindLatestAttemptAsync(version.Model, version.Version, cancellationToken) is not { } latest)
        {
            return null;
        }

        for (var attempt = latest.Attempt; attempt >= 1; attempt--)
        {
            var id = latest with { Attempt = attempt };
            await using var stream = await reports.OpenAsync(id, ReportName, cancellationToken);
            if (stream is null)
            {
                continue;
            }

            using var buffer = new MemoryStream();
            var chunk = new byte[81_920];
            int read;
            while ((read = await stream.ReadAsync(chunk, cancellationToken)) > 0 && buffer.Length <= LargestReport)
            {
                buffer.Write(chunk, 0, read);
            }

            if (buffer.Length <= LargestReport && EvaluationReportReader.TryRead(buffer.GetBuffer().AsSpan(0, (int)buffer.Length), out var report, out _))
            {
                return new FoundReport(id, report, (await releases.LoadAsync(id, cancellationToken))?.State.Baseline);
            }
        }

        return null;
    }

    private static EvaluationDifferences Compare(Scores a, Scores b, bool together)
    {
        var sameRows = a.Report.Dataset.Sha256 == b.Report.Dataset.Sha256;
        var slicesOfA = a.Report.Slices.ToDictionary(NameOf, a.OfSlice, StringComparer.Ordinal);
        var slicesOfB = b.Report.Slices.ToDictionary(NameOf, b.OfSlice, StringComparer.Ordinal);
        var slices = slicesOfA.Keys.Union(slicesOfB.Keys, StringComparer.Ordinal).SelectMany(name =>
        {
            var (x, y) = (slicesOfA.GetValueOrDefault(name), slicesOfB.GetValueOrDefault(name));
            return new[]
            {
                new SliceDifference(name, "accuracy", x?.Accuracy, y?.Accuracy, y?.Accuracy - x?.Accuracy),
                new SliceDifference(name, "recall", x?.Recall, y?.Recall, y?.Recall - x?.Recall),
            };
        });
        return new EvaluationDifferences
        {
            Comparable = sameRows,
            Together = together,
            Reason = (sameRows, together) switch
            {
                (_, true) => null,
                (true, false) => "They were measured at different times: latencies, throughput and memory do not compare.",
                _ => $"They were measured on different rows: a on {a.Report.Dataset.Path}, b on {b.Report.Dataset.Path}.",
            },
            ReportOfA = a.Release,
            ReportOfB = b.Release,
            Metrics = Metrics(
            [
                ("accuracy", a.Of.Accuracy, b.Of.Accuracy),
                ("macroF1", a.Of.MacroF1, b.Of.MacroF1),
                ("calibrationError", a.Of.CalibrationError, b.Of.CalibrationError),
                ("perplexity", a.OfText?.Perplexity, b.OfText?.Perplexity),
                ("bitsPerByte", a.OfText?.BitsPerByte, b.OfText?.BitsPerByte),
                ("choiceAccuracy", a.OfText?.ChoiceAccuracy, b.OfText?.ChoiceAccuracy),
                ("timeToFirstTokenP95Ms", a.OfText?.TimeToFirstToken?.P95Ms, b.OfText?.TimeToFirstToken?.P95Ms),
                ("tokensPerSecond", a.OfText?.TokensPerSecond, b.OfText?.TokensPerSecond),
                ("latencyP50Ms", a.Of.Latency.P50Ms, b.Of.Latency.P50Ms),
                ("latencyP95Ms", a.Of.Latency.P95Ms, b.Of.Latency.P95Ms),
                ("latencyP99Ms", a.Of.Latency.P99Ms, b.Of.Latency.P99Ms),
                ("throughputRowsPerSecond", a.Of.ThroughputRowsPerSecond, b.Of.ThroughputRowsPerSecond),
                ("loadTimeMs", a.Of.LoadTimeMs, b.Of.LoadTimeMs),
                ("memoryBytes", a.Of.MemoryBytes, b.Of.MemoryBytes),
            ]),
            Slices = [.. slices],
        };
    }

    private static string NameOf(SliceReport slice) => $"{slice.Column}={slice.Value}";

    private static SignatureDifferences Compare(ModelSignature a, ModelSignature b)
    {
        var comparison = SignatureComparison.Compare(a, b);
        return new SignatureDifferences(comparison.Change == SignatureChange.Same, comparison.Change == SignatureChange.Breaking, comparison.Differences);
    }

    private static IReadOnlyList<MetricDifference> Metrics(IEnumerable<(string Name, double? A, double? B)> metrics) =>
        [.. metrics.Where(m => m.A is not null || m.B is not null).Select(m => new MetricDifference(m.Name, m.A, m.B, m.B - m.A))];

    private static double? Find(IReadOnlyDictionary<string, double> metrics, string name) => metrics.TryGetValue(name, out var value) ? value : null;

    private static IReadOnlyList<FieldDifference> Differences(Manifest a, Manifest b)
    {
        var ofA = Fields(a);
        var ofB = Fields(b);
        return
        [
            .. ofA.Keys.Union(ofB.Keys, StringComparer.Ordinal)
                .Select(field => new FieldDifference(field, ofA.GetValueOrDefault(field), ofB.GetValueOrDefault(field)))
                .Where(d => !string.Equals(d.A, d.B, StringComparison.Ordinal)),
        ];
    }

    private static Dictionary<string, string?> Fields(Manifest manifest)
    {
        var lineage = manifest.Lineage;
        var fields = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["format"] = manifest.Format,
            ["bytes"] = manifest.TotalBytes.ToString(),
            ["owner"] = manifest.Owner,
            ["description"] = manifest.Description,
            ["lineage.dataset.name"] = lineage.Dataset?.Name,
            ["lineage.dataset.sha256"] = lineage.Dataset?.Sha256?.ToString(),
            ["lineage.dataset.uri"] = lineage.Dataset?.Uri,
            ["lineage.gitCommit"] = lineage.GitCommit,
            ["lineage.gitRepository"] = lineage.GitRepository,
            ["lineage.parent"] = lineage.Parent?.Value,
            ["lineage.trainedAt"] = lineage.TrainedAt?.ToString("O"),
        };
        foreach (var (name, value) in lineage.Parameters.OrderBy(p => p.Key, StringComparer.Ordinal))
        {
            fields[$"lineage.parameters.{name}"] = value;
        }

        return fields;
    }

    private sealed record FoundReport(ReleaseId Release, EvaluationReport Report, VersionName? Baseline);

    // One version's column of a report.
    private sealed record Scores(ReleaseId Release, EvaluationReport Report, ModelMeasurements Of, Func<SliceReport, SliceScores?> OfSlice)
    {
        /// <summary>The same version's numbers as a language model; null for a classifier.</summary>
        public TextMeasurements? OfText => ReferenceEquals(Of, Report.Baseline) ? Report.Text?.Baseline : Report.Text?.Candidate;

        public static Scores OfCandidate(FoundReport found) => new(found.Release, found.Report, found.Report.Candidate, s => s.Candidate);
    }
}
