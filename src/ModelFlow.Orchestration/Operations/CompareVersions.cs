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
    /// <param name="a">The first version.</param>
    /// <param name="b">The second version.</param>
    /// <param name="predictions">How many predictions that flipped are listed at most.</param>
    /// <param name="cancellationToken">Ends the comparison early.</param>
    public async Task<VersionComparison> CompareAsync(VersionRecord a, VersionRecord b, int predictions, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        return new VersionComparison
        {
            A = a,
            B = b,
            Signature = a.Signature is { } was && b.Signature is { } now ? Compare(was, now) : null,
            Manifest = Differences(a.Manifest, b.Manifest),
            Training =
            [
                .. a.Manifest.Metrics.Keys.Union(b.Manifest.Metrics.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal)
                    .Select(m => new MetricDifference(m, Find(a.Manifest.Metrics, m), Find(b.Manifest.Metrics, m))),
            ],
            Evaluation = await CompareEvaluationsAsync(a, b, predictions, cancellationToken),
        };
    }

    private async Task<EvaluationDifferences?> CompareEvaluationsAsync(VersionRecord a, VersionRecord b, int predictions, CancellationToken cancellationToken)
    {
        if (await FindReportAsync(b, cancellationToken) is not { } ofB)
        {
            return null;
        }

        // The best evidence is one evaluation that ran both, in turns and on the same rows.
        if (ofB.Baseline == a.Version && ofB.Report.Baseline is not null)
        {
            return EvaluationComparison.Compare(ofB.AsBaseline, ofB.AsCandidate, together: true, predictions);
        }

        if (await FindReportAsync(a, cancellationToken) is not { } ofA)
        {
            return null;
        }

        return ofA.Baseline == b.Version && ofA.Report.Baseline is not null
            ? EvaluationComparison.Compare(ofA.AsCandidate, ofA.AsBaseline, together: true, predictions)
            : EvaluationComparison.Compare(ofA.AsCandidate, ofB.AsCandidate, together: a.Version == b.Version, predictions);
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

    private static SignatureDifferences Compare(ModelSignature a, ModelSignature b)
    {
        var comparison = SignatureComparison.Compare(a, b);
        return new SignatureDifferences(comparison.Change == SignatureChange.Same, comparison.Change == SignatureChange.Breaking, comparison.Differences);
    }

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

    private sealed record FoundReport(ReleaseId Release, EvaluationReport Report, VersionName? Baseline)
    {
        public FoundColumn AsCandidate => new(Release, new ReportColumn(Report, IsBaseline: false));

        public FoundColumn AsBaseline => new(Release, new ReportColumn(Report, IsBaseline: true));
    }
}
