using System.Globalization;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Timeline;

namespace ModelFlow.Cli.Output;

/// <summary>One thing in full, for people.</summary>
internal static class Details
{
    public static void Write(Screen screen, ModelDetail model)
    {
        screen.Pairs(
            ("model", new Cell(model.Model, Tone.Strong)),
            ("stable", model.Stable ?? "none yet"),
            ("candidates", CatalogCommands.Candidates(model.Candidates)),
            ("ramping", model.Ramping),
            ("route", model.Route is { } live ? $"generation {live.Route.Generation}, {Show.Time(live.Route.At)}, by {live.Route.Cause}" : null),
            ("lease until", Show.Time(model.Route?.LeaseUntil)),
            ("versions", $"{model.Versions}"),
            ("policy", Show.Digest(model.Policy)));
        foreach (var freeze in model.Freezes ?? [])
        {
            screen.Line($"frozen by {freeze.By} since {Show.Time(freeze.At)} ({freeze.Scope}): {freeze.Reason}", Tone.Busy);
        }

        if (model.Deployments is { Count: > 0 } deployments)
        {
            screen.Line();
            screen.Table(
                ["LOADED", "SINCE", "LOAD TIME", "KEPT UNTIL"],
                deployments.Where(d => d.Loaded).Select(d => new Cell[] { d.Version, Show.Time(d.LoadedAt), Show.Took(d.LoadTime), Show.Time(d.KeepUntil) }),
                "No version is loaded.");
        }
    }

    public static void Write(Screen screen, VersionDetail version)
    {
        var lineage = version.Manifest?.Lineage;
        screen.Pairs(
            ("version", new Cell($"{version.Model} {version.Version}", Tone.Strong)),
            ("live", CatalogCommands.Live(version)),
            ("revoked", version.Revoked is { } r ? new Cell($"by {r.By}, {Show.Time(r.At)}: {r.Reason}", Tone.Bad) : null),
            ("digest", version.Digest),
            ("format", version.Format),
            ("size", $"{Show.Bytes(version.Bytes)} in {version.Manifest?.Files.Count ?? 0} file(s)"),
            ("tier", version.Deleted ? "deleted" : version.Tier + (version.Pinned ? ", pinned" : "")),
            ("registered", $"{Show.Time(version.RegisteredAt)} by {version.Uploader ?? "an unknown uploader"}"),
            ("first stable", Show.Time(version.FirstStableAt)),
            ("last stable", Show.Time(version.LastStableAt)),
            ("owner", version.Manifest?.Owner),
            ("description", version.Manifest?.Description),
            ("data set", lineage?.Dataset is { } d ? $"{d.Name} {Show.Digest(d.Sha256)} {d.Uri}".TrimEnd() : null),
            ("parent", lineage?.Parent),
            ("git", $"{lineage?.GitCommit} {lineage?.GitRepository}".Trim()),
            ("trained", Show.Time(lineage?.TrainedAt)),
            ("parameters", string.Join(", ", lineage?.Parameters?.Select(p => $"{p.Key}={p.Value}") ?? [])),
            ("metrics", string.Join(", ", version.Manifest?.Metrics?.Select(m => $"{m.Key}={Show.Number(m.Value)}") ?? [])),
            ("inputs", string.Join(", ", version.Signature?.Inputs ?? [])),
            ("outputs", string.Join(", ", version.Signature?.Outputs ?? [])),
            ("latest release", version.LatestRelease),
            ("reports", string.Join(", ", version.Reports ?? [])));
        if (version.Manifest is { } manifest)
        {
            screen.Line();
            screen.Table(
                ["FILE", "SIZE", "SHA-256"],
                manifest.Files.Select(f => new Cell[] { f.Path, Show.Bytes(f.Size), f.Sha256.Replace("sha256:", "", StringComparison.Ordinal) }),
                "No files.");
        }
    }

    public static void Write(Screen screen, ReleaseDetail release)
    {
        screen.Pairs(
            ("release", new Cell(release.Id, Tone.Strong)),
            ("stage", Show.Stage(release.Stage, release.Outcome)),
            ("reason", release.Reason),
            ("since", Show.Time(release.EndedAt ?? release.StageSince)),
            ("waiting for", release.WaitingFor),
            ("paused", release.Paused ? new Cell("yes: no step forward, guards stay on", Tone.Busy) : null),
            ("weight", release.Weight is > 0 ? Show.Weight(release.Weight) : null),
            ("compared with", release.Baseline),
            ("started", $"{Show.Time(release.StartedAt)} by {release.StartedBy}"),
            ("uploader", release.Uploader ?? "unknown"),
            ("policy", Show.Digest(release.Policy)),
            ("approvals", string.Join(", ", (release.Approvals ?? []).Select(a => a.Comment is null ? a.By : $"{a.By} ({a.Comment})"))),
            ("reports", string.Join(", ", release.Reports ?? [])));
        if (release.Approval is { } approval)
        {
            screen.Line();
            screen.Line($"asked before {approval.Point}, on the evidence {approval.Evidence}", Tone.Busy);
            screen.Table(
                ["BEFORE", "GIVEN", "OF", "UNTIL", "BY"],
                approval.Rules.Select(r => new Cell[]
                {
                    r.Before, new($"{r.Given.Count} of {r.Required}", r.Satisfied ? Tone.Good : Tone.Busy), r.From.Count == 0 ? "every approver" : string.Join(", ", r.From), Show.Time(r.ExpiresAt), string.Join(", ", r.Given),
                }),
                "");
        }

        if (release.Gates is { Count: > 0 } gates)
        {
            screen.Line();
            screen.Table(
                ["GATE", "", "OBSERVED", "LIMIT", "WHY"],
                gates.Select(g => new Cell[] { g.Gate, Verdict(g.Passed ? "passed" : "failed"), Show.Number(g.Observed), Show.Number(g.Limit), g.Message }),
                "");
        }

        foreach (var experiment in release.Experiments ?? [])
        {
            WriteExperiment(screen, experiment);
        }

        if (release.LastLook is { } look)
        {
            screen.Line();
            screen.Line($"last look: {look.Verdict}, {look.StableRequests} requests on stable and {look.CandidateRequests} on the candidate");
            if (look.Metrics is { Count: > 0 } metrics)
            {
                screen.Table(
                    ["GUARDRAIL", "", "STABLE", "CANDIDATE", "TOLERANCE", "WHY"],
                    metrics.Select(m => new Cell[] { m.Metric, Verdict(m.Verdict), Show.Number(m.Stable), Show.Number(m.Candidate), Show.Number(m.Tolerance), m.Message }),
                    "");
            }
        }
    }

    private static void WriteExperiment(Screen screen, ExperimentItem experiment)
    {
        var tone = experiment.Verdict switch { "winner" => Tone.Good, "loser" => Tone.Bad, "running" => Tone.Plain, _ => Tone.Busy };
        screen.Line();
        screen.Line($"experiment in step {experiment.Step + 1} ({experiment.Metric}, {experiment.Mode}): {experiment.Verdict}", tone);
        screen.Line($"  {experiment.Message}");
        if (experiment.Slices is { Count: > 0 } slices)
        {
            screen.Table(
                ["SLICE", "STABLE", "CANDIDATE", "DIFFERENCE", "INTERVAL"],
                slices.Select(s => new Cell[] { s.Guarded ? $"{s.Slice} (guarded)" : s.Slice, Arm(s.Stable), Arm(s.Candidate), Show.Signed(s.Effect), Interval(s.Interval) }),
                "");
        }
    }

    private static string Arm(ExperimentSliceArm arm) =>
        $"{(arm.Outcomes == 0 ? "no outcomes" : $"{Show.Number(arm.Mean)} of {arm.Outcomes}")}; {arm.Requests} requests, {arm.Errors} failed";

    private static string Interval(EffectInterval? interval) => interval is { High: { } high } ? $"{Show.Signed(interval.Low)} to {Show.Signed(high)}" : "-";

    public static void Write(Screen screen, AnalysisItem analysis)
    {
        var (series, budget) = (analysis.Series, analysis.Series.Budget);
        screen.Pairs(
            ("release", new Cell(analysis.Release, Tone.Strong)),
            ("stage", Show.Stage(analysis.Stage, analysis.Outcome)),
            ("compared with", analysis.Baseline),
            ("false alarms", $"{Show.Number(budget.Whole * 100)} % for all attempts, {Show.Number(budget.ThisAttempt * 100)} % for this one, {Show.Number(budget.PerMetric * 100)} % for each metric"),
            ("looks", $"{series.Looks}{(series.Complete ? "" : ", not all that there were")}"));
        if (series.Shadow is { } shadow)
        {
            screen.Line();
            screen.Line(
                $"Shadow step: {Show.Weight(shadow.Share)} of the requests mirrored from {Show.Time(shadow.From)}, {shadow.Verdict ?? "no look yet"}, {shadow.Pairs} pairs of answers in {shadow.Looks} look(s)",
                Verdict(shadow.Verdict ?? "").Tone);
            WriteLooks(screen, shadow.Metrics);
        }

        foreach (var step in series.Steps)
        {
            screen.Line();
            var last = step.Metrics.SelectMany(m => m.Points).LastOrDefault();
            screen.Line(
                $"Step {step.Step + 1}: {Show.Weight(step.Weight)} of traffic from {Show.Time(step.From)}, {step.Verdict ?? "no look yet"}, "
                + $"{last?.CandidateRequests ?? 0} requests of the candidate and {last?.StableRequests ?? 0} of {(step.FreshBaseline is { } fresh ? $"a fresh instance of stable, {fresh}," : "stable")} in {step.Looks} look(s)",
                Verdict(step.Verdict ?? "").Tone);
            WriteLooks(screen, step.Metrics);
        }

        foreach (var note in series.Notes ?? [])
        {
            screen.Note(note, Tone.Busy);
        }
    }

    private static void WriteLooks(Screen screen, IReadOnlyList<AnalysisMetric> metrics)
    {
        screen.Line(LookTable.Header, Tone.Dim);
        foreach (var row in LookTable.Rows([.. metrics.Select(m => m.Last).OfType<LookMetric>()]))
        {
            screen.Line(row.Text, row.Tone);
        }
    }

    public static void Write(Screen screen, Comparison comparison)
    {
        var (a, b) = (comparison.A, comparison.B);
        screen.Table(
            ["", a.Version, b.Version],
            [
                ["digest", Show.Digest(a.Digest), Show.Digest(b.Digest)],
                ["size", Show.Bytes(a.Bytes), Show.Bytes(b.Bytes)],
                ["live", CatalogCommands.Live(a), CatalogCommands.Live(b)],
                ["registered", Show.Time(a.RegisteredAt), Show.Time(b.RegisteredAt)],
                ["first stable", Show.Time(a.FirstStableAt), Show.Time(b.FirstStableAt)],
                .. (comparison.Manifest ?? []).Select(f => new Cell[] { f.Field, f.A ?? "-", f.B ?? "-" }),
            ],
            "");
        if (comparison.Signature is { } signature)
        {
            screen.Line();
            screen.Line(
                signature.Same ? "Inputs and outputs are the same." : signature.Breaking ? "Inputs or outputs break:" : "Inputs or outputs differ:",
                signature.Breaking ? Tone.Bad : Tone.Plain);
            foreach (var change in signature.Changes ?? [])
            {
                screen.Line($"  {change}");
            }
        }

        if (comparison.Training is { Count: > 0 } training)
        {
            screen.Line();
            screen.Table(["REPORTED BY TRAINING", a.Version, b.Version, "DIFFERENCE"], training.Select(Row), "");
        }

        screen.Line();
        if (comparison.Evaluation is not { } evaluation)
        {
            screen.Line("Not both have an evaluation.");
            return;
        }

        if (!evaluation.Comparable || evaluation.Reason is not null)
        {
            screen.Line(evaluation.Comparable ? evaluation.Reason! : $"The evaluations cannot be compared: {evaluation.Reason}", Tone.Busy);
        }

        var (metrics, slices) = (evaluation.Metrics ?? [], evaluation.Slices ?? []);
        string[] interval = metrics.Any(m => m.Interval is not null) ? [string.Create(CultureInfo.InvariantCulture, $"{evaluation.Confidence * 100:0.##} % INTERVAL")] : [];
        screen.Table(["EVALUATION", a.Version, b.Version, "DIFFERENCE", .. interval], metrics.Select(m => With(Row(m), m.Interval)), "No metrics.");
        if (slices.Count > 0)
        {
            screen.Line();
            screen.Table(
                ["SLICE", "METRIC", a.Version, b.Version, "DIFFERENCE", .. interval],
                slices.Select(s => With([s.Slice, s.Metric, Show.Number(s.A), Show.Number(s.B), Show.Signed(s.Difference)], s.Interval)),
                "");
        }

        if (evaluation.Predictions is { } predictions)
        {
            screen.Line();
            Write(screen, predictions, a.Version, b.Version);
        }

        Cell[] With(Cell[] cells, IntervalItem? of) => interval.Length == 0 ? cells : [.. cells, of is null ? "" : $"{Show.Signed(of.Low)} to {Show.Signed(of.High)}"];
    }

    private static void Write(Screen screen, PredictionChange predictions, string a, string b)
    {
        screen.Line($"{predictions.Flipped:N0} of {predictions.Rows:N0} predictions flipped: only {a} had {predictions.OnlyARight:N0} right, only {b} {predictions.OnlyBRight:N0}.");
        if (predictions.Items is { Count: > 0 } items)
        {
            var ids = items.Any(i => i.Id is not null);
            screen.Table(
                ["ROW", .. ids ? ["ID"] : Array.Empty<string>(), "TRUE", a, b],
                items.Select(i => (Cell[])[$"{i.Row}", .. ids ? [i.Id ?? ""] : Array.Empty<Cell>(), i.Label, Answer(i.A, i.Label), Answer(i.B, i.Label)]),
                "");
            if (items.Count < predictions.Flipped)
            {
                screen.Line($"{predictions.Flipped - items.Count:N0} more: --predictions N shows them.");
            }
        }
    }

    private static Cell Answer(string? answer, string label) => answer is null ? new Cell("another", Tone.Bad) : new Cell(answer, answer == label ? Tone.Good : Tone.Bad);

    private static Cell[] Row(MetricChange m) => [m.Name, Show.Number(m.A), Show.Number(m.B), Show.Signed(m.Difference)];

    private static Cell Verdict(string verdict) => verdict switch
    {
        "passed" or "healthy" => new Cell(verdict, Tone.Good),
        "failed" or "harmful" => new Cell(verdict, Tone.Bad),
        _ => new Cell(verdict, Tone.Busy),
    };
}
