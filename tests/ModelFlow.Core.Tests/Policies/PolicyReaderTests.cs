using CsCheck;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Retention;
using ModelFlow.Testing;

namespace ModelFlow.Core.Tests.Policies;

public sealed class PolicyReaderTests
{
    internal static readonly string Hash = new('a', 64);

    /// <summary>Only what must be there.</summary>
    internal static readonly string Least = $$"""
        smoke: { dataset: { path: d/golden.jsonl, sha256: {{Hash}} } }
        evaluation: { dataset: { path: d/eval.csv, sha256: {{Hash}} } }

        """;

    /// <summary>Everything, with no value that is the default.</summary>
    internal static readonly string Full = $$"""
        schema: modelflow/policy/v1
        smoke:
          dataset: { path: d/golden.jsonl, sha256: "{{Hash}}" }
          timeLimit: 30s
        evaluation:
          dataset:
            path: d/eval.csv
            sha256: {{Hash}}
          label: truth
          slices: [country, 'age group']
          batchSize: 128
          timeLimit: 1h30m
          gates:
            minAccuracy: 0.9
            minMacroF1: 88 %
            maxCalibrationError: 0.1
            maxLatencyP95Ms: 25.5
            maxAccuracyLoss: 2%
            maxSliceRecallLoss: 5 %
            minSliceRows: 30
            maxLatencyRatio: 3
            maxPerplexity: 30.5
            maxBitsPerByte: 1.7
            minChoiceAccuracy: 40 %
            maxTimeToFirstTokenMs: 900
            minTokensPerSecond: 20
            maxPerplexityRatio: 1.1
            maxBitsPerByteIncrease: 0.05
            maxChoiceAccuracyLoss: 0.03
            confidence: 0.99
        approval:
          required: 2
          from: [ada, 'group:ml-leads']
          barred: [uploader, starter]
          expiresAfter: 1d
          whenExpired: wait
          remindEvery: 6h
          escalateAfter: 12h
          escalateTo: ['group:heads']
          also:
            - { before: 12.5 %, from: [bob] }
            - { before: promotion, required: 2, expiresAfter: 2h }
            - { before: breakingSignature, barred: [starter] }
        ramp:
          shadow:
            share: 20 %
            bake: 1h
            minPairs: 500
            maxDisagreement: 3 %
            maxScoreDifference: 0.05
            errorRateIncrease: off
            latencyRatio: 2
          steps:
            - weight: 50 bp
              bake: 20m
              experiment:
                metric: successRate
                mode: fixed
                minimumEffect: 3 %
                confidence: 0.9
                power: 0.9
                expectedMean: 0.7
                sampleSize: 500
                longest: 1d
                whenNoDifference: hold
                guardedSlices: [de, en-GB]
            - { weight: 12.5 %, bake: 1.5h }
            - { weight: 100%, bake: 1s }
          lookEvery: 5s
          lease: 20s
          extendUpTo: 0s
          whenInconclusive: rollback
          warmUp: 25
          freshBaseline: true
          sticky: { kind: cookie, name: user }
        guardrails:
          errorRateIncrease: 2 %
          latencyP50Ratio: 1.2
          errorRateRatio: 1.5
          latencyP95Ratio: off
          latencyP99Ratio: 3
          firstByteP50Ratio: 1.4
          firstByteP95Ratio: 2
          feedbackDrop: 3 %
          minRequests: 10
          falseAlarmBudget: 0.01
          missBudget: 0.1
        signature:
          breaking: cutOver
        concurrency: supersede
        keepLoaded: 2h
        retention:
          coolAfter: 1d
          coldAfter: never
          archiveAfter: 400d
          deleteAfter: 1000d
          keepStable: 1
        """;

    [Fact]
    public void Read_least_hasTheDefaultsOfTheRecords()
    {
        var policy = Parsed(Least);
        Assert.Equal(TimeSpan.FromMinutes(1), policy.Smoke.TimeLimit);
        Assert.Equal(new EvaluationPolicy { Dataset = new("d/eval.csv", Sha256Digest.Parse(Hash)) }, policy.Evaluation);
        Assert.Equal(new ApprovalRule(), policy.Approval);
        Assert.Equal(new RampPolicy().Steps, policy.Ramp.Steps);
        Assert.Null(policy.Ramp.Shadow);
        Assert.Equal(new GuardrailPolicy(), policy.Guardrails);
        Assert.Equal(new RetentionPolicy(), policy.Retention);
    }

    [Fact]
    public void Read_full_hasEveryValue()
    {
        var policy = Parsed(Full);
        var digest = Sha256Digest.Parse(Hash);
        Assert.Equal(new SmokePolicy(new("d/golden.jsonl", digest), TimeSpan.FromSeconds(30)), policy.Smoke);
        Assert.Equal(["country", "age group"], policy.Evaluation.Slices);
        Assert.Equal((new DatasetReference("d/eval.csv", digest), "truth", 128, TimeSpan.FromMinutes(90)), (policy.Evaluation.Dataset, policy.Evaluation.Label, policy.Evaluation.BatchSize, policy.Evaluation.TimeLimit));
        Assert.Equal(
            new GatePolicy
            {
                MinAccuracy = 0.9,
                MinMacroF1 = 0.88,
                MaxCalibrationError = 0.1,
                MaxLatencyP95Ms = 25.5,
                MaxAccuracyLoss = 0.02,
                MaxSliceRecallLoss = 0.05,
                MinSliceRows = 30,
                MaxLatencyRatio = 3,
                    MaxPerplexity = 30.5,
                    MaxBitsPerByte = 1.7,
                    MinChoiceAccuracy = 0.4,
                    MaxTimeToFirstTokenMs = 900,
                    MinTokensPerSecond = 20,
                    MaxPerplexityRatio = 1.1,
                    MaxBitsPerByteIncrease = 0.05,
                    MaxChoiceAccuracyLoss = 0.03,
                Confidence = 0.99,
            },
            policy.Evaluation.Gates);
        Assert.Equal(
            (ApprovalPoint.Ramp, 2, TimeSpan.FromDays(1), ExpiryRule.Wait, TimeSpan.FromHours(6), TimeSpan.FromHours(12)),
            (policy.Approval.Before, policy.Approval.Required, policy.Approval.ExpiresAfter, policy.Approval.WhenExpired, policy.Approval.RemindEvery, policy.Approval.EscalateAfter));
        Assert.Equal(["ada", "group:ml-leads"], policy.Approval.From);
        Assert.Equal([BarredRole.Uploader, BarredRole.Starter], policy.Approval.Barred);
        Assert.Equal(["group:heads"], policy.Approval.EscalateTo);
        Assert.Equal([ApprovalPoint.Of(new Weight(1250)), ApprovalPoint.Promotion, ApprovalPoint.BreakingSignature], policy.FurtherApprovals.Select(r => r.Before));
        Assert.Equal(["bob"], policy.FurtherApprovals[0].From);
        Assert.Equal((2, TimeSpan.FromHours(2), TimeSpan.FromDays(3)), (policy.FurtherApprovals[1].Required, policy.FurtherApprovals[1].ExpiresAfter, policy.FurtherApprovals[2].ExpiresAfter));
        Assert.Equal(
            [new RampStep(new Weight(50), TimeSpan.FromMinutes(20)), new RampStep(new Weight(1250), TimeSpan.FromMinutes(90)), new RampStep(Weight.All, TimeSpan.FromSeconds(1))],
            policy.Ramp.Steps.Select(s => s with { Experiment = null }));
        var experiment = policy.Ramp.Steps[0].Experiment!;
        Assert.Equal(
            (ExperimentMetric.SuccessRate, ExperimentMode.Fixed, 0.03, 0.9, 0.9, 0.7, 500, TimeSpan.FromDays(1), NoDifferenceRule.Hold),
            (experiment.Metric, experiment.Mode, experiment.MinimumEffect, experiment.Confidence, experiment.Power, experiment.ExpectedMean, experiment.SampleSize, experiment.Longest, experiment.WhenNoDifference));
        Assert.Equal(["de", "en-GB"], experiment.GuardedSlices);
        Assert.Null(policy.Ramp.Steps[1].Experiment);
        Assert.Equal(
            new ShadowPolicy { Share = new Weight(2_000), Bake = TimeSpan.FromHours(1), MinPairs = 500, MaxDisagreement = 0.03, MaxScoreDifference = 0.05, ErrorRateIncrease = null, LatencyRatio = 2 },
            policy.Ramp.Shadow);
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20), TimeSpan.Zero), (policy.Ramp.LookEvery, policy.Ramp.Lease, policy.Ramp.ExtendUpTo));
        Assert.Equal((InconclusiveRule.Rollback, 25, new StickyPolicy { Kind = StickyKind.Cookie, Name = "user" }), (policy.Ramp.WhenInconclusive, policy.Ramp.WarmUp, policy.Ramp.Sticky));
        Assert.Equal(
            new GuardrailPolicy
            {
                ErrorRateIncrease = 0.02,
                ErrorRateRatio = 1.5,
                LatencyP50Ratio = 1.2,
                LatencyP95Ratio = null,
                LatencyP99Ratio = 3,
                FirstByteP50Ratio = 1.4,
                FirstByteP95Ratio = 2,
                FeedbackDrop = 0.03,
                MinRequests = 10,
                FalseAlarmBudget = 0.01,
                MissBudget = 0.1,
            },
            policy.Guardrails);
        Assert.Equal((BreakingSignatureRule.CutOver, ConcurrencyRule.Supersede, TimeSpan.FromHours(2)), (policy.Signature.Breaking, policy.Concurrency, policy.KeepLoaded));
        Assert.Equal(
            new RetentionPolicy { CoolAfter = TimeSpan.FromDays(1), ColdAfter = null, ArchiveAfter = TimeSpan.FromDays(400), DeleteAfter = TimeSpan.FromDays(1000), KeepStable = 1 },
            policy.Retention);
    }

    [Fact]
    public void Read_policyOfTheSamples_isValidAndPinsTheFilesThatLieBesideIt()
    {
        var folder = Path.Combine(RepositoryRoot.Find(), "samples", "digits");
        var policy = Parsed(File.ReadAllText(Path.Combine(folder, "policy.yaml")));
        foreach (var dataset in new[] { policy.Smoke.Dataset, policy.Evaluation.Dataset })
        {
            Assert.Equal(Sha256Digest.Of(File.ReadAllBytes(Path.Combine(folder, Path.GetFileName(dataset.Path)))), dataset.Sha256);
        }
    }

    [Theory]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1m }, { weight: 5 %, bake: 1m }, { weight: 100 %, bake: 1m } ] }", "ramp.steps[1].weight", "must rise")]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1m } ] }", "ramp.steps[0].weight", "ends at 100 %")]
    [InlineData("ramp: { steps: [ ] }", "ramp.steps", "0 steps")]
    [InlineData("ramp: { steps: [ { weight: 5, bake: 1m } ] }", "ramp.steps[0].weight", "with its unit")]
    [InlineData("ramp: { steps: [ { weight: 0 %, bake: 1m } ] }", "ramp.steps[0].weight", "above 0")]
    [InlineData("ramp: { steps: [ { weight: 101 %, bake: 1m } ] }", "ramp.steps[0].weight", "above 0 to 100 %")]
    [InlineData("ramp: { steps: [ { weight: 0.005 %, bake: 1m } ] }", "ramp.steps[0].weight", "steps of 0.01 %")]
    [InlineData("ramp: { steps: [ { weight: 100 % } ] }", "ramp.steps[0].bake", "needed")]
    [InlineData("ramp: { steps: [ { weight: 100 %, bake: 10 } ] }", "ramp.steps[0].bake", "with its unit")]
    [InlineData("ramp: { steps: [ { weight: 100 %, bake: 31d } ] }", "ramp.steps[0].bake", "1s to 30d")]
    [InlineData("ramp: { steps: [ { weight: 100 %, bake: 999999999d } ] }", "ramp.steps[0].bake", "1s to 30d")]
    [InlineData("ramp: { steps: [ 5 % ] }", "ramp.steps[0]", "Fields are needed")]
    [InlineData("ramp: { shadow: { share: 10 } }", "ramp.shadow.share", "with its unit")]
    [InlineData("ramp: { shadow: { share: 0 % } }", "ramp.shadow.share", "above 0")]
    [InlineData("ramp: { shadow: { bake: 31d } }", "ramp.shadow.bake", "1s to 30d")]
    [InlineData("ramp: { shadow: { minPairs: 0 } }", "ramp.shadow.minPairs", "1 to 1,000,000")]
    [InlineData("ramp: { shadow: { maxDisagreement: 0 } }", "ramp.shadow.maxDisagreement", "0.001 to 0.99")]
    [InlineData("ramp: { shadow: { maxScoreDifference: 1 } }", "ramp.shadow.maxScoreDifference", "0.001 to 0.99")]
    [InlineData("ramp: { shadow: { errorRateIncrease: 1 } }", "ramp.shadow.errorRateIncrease", "0 to 0.99")]
    [InlineData("ramp: { shadow: { latencyRatio: 1 } }", "ramp.shadow.latencyRatio", "above 1")]
    [InlineData("ramp: { shadow: { maxDisagrement: 5 % } }", "ramp.shadow.maxDisagrement", "did you mean 'maxDisagreement'?")]
    [InlineData("ramp: { shadow: 10 % }", "ramp.shadow", "Fields are needed")]
    [InlineData("ramp: { shadow: { maxDisagreement: off, errorRateIncrease: off, latencyRatio: off } }", "ramp.shadow", "Every tolerance is off")]
    [InlineData("ramp: { steps: [ { weight: 100 %, bake: 1m, experiment: { minimumEffect: 2 % } } ] }", "ramp.steps[0].experiment", "no stable version beside it")]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1m, experiment: { } }, { weight: 100 %, bake: 1m } ] }", "ramp.steps[0].experiment.minimumEffect", "needed")]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1m, experiment: { minimumEffect: 2 %, sampleSize: 500 } }, { weight: 100 %, bake: 1m } ] }", "ramp.steps[0].experiment.sampleSize", "mode: fixed")]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1h, experiment: { minimumEffect: 2 %, longest: 30m } }, { weight: 100 %, bake: 1m } ] }", "ramp.steps[0].experiment.longest", "shorter than the step's 'bake'")]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1m, experiment: { minimumEffect: 2 %, guardedSlices: [de, de] } }, { weight: 100 %, bake: 1m } ] }", "ramp.steps[0].experiment.guardedSlices", "twice")]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1m, experiment: { minimumEffect: 2 %, guardedSlices: ['a b'] } }, { weight: 100 %, bake: 1m } ] }", "ramp.steps[0].experiment.guardedSlices[0]", "not the name of a slice")]
    [InlineData("ramp: { steps: [ { weight: 5 %, bake: 1m, experiment: { minimumEffect: 2 %, winner: x } }, { weight: 100 %, bake: 1m } ] }", "ramp.steps[0].experiment.winner", "no such field")]
    [InlineData("ramp: { lookEvery: 10s, lease: 29s }", "ramp.lease", "at least 30s")]
    [InlineData("ramp: { lookEvery: 1m }", "ramp.lease", "at least 3m")]
    [InlineData("ramp: { whenInconclusive: rollbak }", "ramp.whenInconclusive", "did you mean rollback?")]
    [InlineData("ramp: { whenInconclusive: Hold }", "ramp.whenInconclusive", "did you mean hold?")]
    [InlineData("ramp: { freshBaseline: yes }", "ramp.freshBaseline", "neither true nor false")]
    [InlineData("ramp: { freshBaseline: 1 }", "ramp.freshBaseline", "neither true nor false")]
    [InlineData("ramp: { sticky: { name: 'x y' } }", "ramp.sticky.name", "header or cookie")]
    [InlineData("ramp: { sticky: { name: X-ModelFlow-Version } }", "ramp.sticky.name", "another name")]
    [InlineData("ramp: { look_every: 10s }", "ramp.look_every", "did you mean 'lookEvery'?")]
    [InlineData("guardrail: { minRequests: 5 }", "guardrail", "did you mean 'guardrails'?")]
    [InlineData("guardrails: { latencyP95Ratio: 1 }", "guardrails.latencyP95Ratio", "above 1")]
    [InlineData("guardrails: { errorRateIncrease: }", "guardrails.errorRateIncrease", "no value")]
    [InlineData("guardrails: { errorRateIncrease: '0.1' }", "guardrails.errorRateIncrease", "without quotes")]
    [InlineData("guardrails: { errorRateIncrease: off, latencyP95Ratio: off }", "guardrails", "Every tolerance is off")]
    [InlineData("guardrails: { falseAlarmBudget: 0.3 }", "guardrails.falseAlarmBudget", "0.0001 to 0.2")]
    [InlineData("guardrails: { minRequests: 1.5 }", "guardrails.minRequests", "whole number")]
    [InlineData("guardrails: { minRequests: .nan }", "guardrails.minRequests", "whole number")]
    [InlineData("guardrails: [ ]", "guardrails", "Fields are needed")]
    [InlineData("approval: { required: 11 }", "approval.required", "0 to 10")]
    [InlineData("approval: { expiresAfter: soon }", "approval.expiresAfter", "not a duration")]
    [InlineData("approval: { expiresAfter: 10m1h }", "approval.expiresAfter", "not a duration")]
    [InlineData("approval: { expiresAfter: -1h }", "approval.expiresAfter", "not a duration")]
    [InlineData("approval: { expiresAfter: '' }", "approval.expiresAfter", "not a duration")]
    [InlineData("approval: { required: 3, from: [ada, bob] }", "approval.from", "Only 2 may approve and 3 must")]
    [InlineData("approval: { from: [ada, ada] }", "approval.from", "twice")]
    [InlineData("approval: { from: ['ada l'] }", "approval.from[0]", "nobody")]
    [InlineData("approval: { from: ['group:'] }", "approval.from[0]", "nobody")]
    [InlineData("approval: { barred: [uploadr] }", "approval.barred[0]", "did you mean uploader?")]
    [InlineData("approval: { from: [ada], escalateAfter: 1h }", "approval.escalateAfter", "belong together")]
    [InlineData("approval: { from: [ada], escalateTo: [bob] }", "approval.escalateTo", "belong together")]
    [InlineData("approval: { escalateAfter: 1h, escalateTo: [bob] }", "approval.escalateTo", "name in 'from'")]
    [InlineData("approval: { remindEvery: 3d }", "approval.remindEvery", "not before 'expiresAfter'")]
    [InlineData("approval: { before: promotion }", "approval.before", "no such field")]
    [InlineData("approval: { also: [ { required: 1 } ] }", "approval.also[0].before", "needed")]
    [InlineData("approval: { also: [ { before: soon } ] }", "approval.also[0].before", "no point of a release")]
    [InlineData("approval: { also: [ { before: 5 % } ] }", "approval.also[0].before", "first step: write ramp")]
    [InlineData("approval: { also: [ { before: 30 % } ] }", "approval.also[0].before", "no step of 30 %")]
    [InlineData("approval: { also: [ { before: ramp, also: [] } ] }", "approval.also[0].also", "no such field")]
    [InlineData("approval: { also: { before: ramp } }", "approval.also", "A list is needed")]
    [InlineData("retention: { coolAfter: 90d }", "retention.coldAfter", "not after 'coolAfter'")]
    [InlineData("retention: { deleteAfter: 10d }", "retention.deleteAfter", "not after 'archiveAfter'")]
    [InlineData("retention: { coolAfter: sometimes }", "retention.coolAfter", "Or write never")]
    [InlineData("retention: { keepStable: 0 }", "retention.keepStable", "1 to 100")]
    [InlineData("keepLoaded: 10s", "keepLoaded", "1m to 30d")]
    [InlineData("concurrency: queue", "concurrency", "wait, supersede")]
    [InlineData("schema: modelflow/policy/v2", "schema", "modelflow/policy/v1")]
    [InlineData("signature: { breaking: true }", "signature.breaking", "refuse, cutOver")]
    [InlineData("keepLoaded: 1h\nkeepLoaded: 2h", "keepLoaded", "twice")]
    [InlineData("keepLoaded: &a 1h", "keepLoaded", "Anchors")]
    [InlineData("keepLoaded: *a", "keepLoaded", "Aliases")]
    [InlineData("keepLoaded: !!str 1h", "keepLoaded", "Tags")]
    [InlineData("<<: { keepLoaded: 1h }", "<<", "no such field")]
    [InlineData("? [a]\n: 1", "", "one word")]
    public void Read_wrongField_namesItAndTheRemedy(string yaml, string path, string remedy) => AssertError(PolicyReader.Read(Least + yaml), path, remedy);

    [Theory]
    [InlineData("path: d/golden.json", "smoke.dataset.path", ".jsonl or .csv")]
    [InlineData("path: ../golden.csv", "smoke.dataset.path", "'..'")]
    [InlineData("sha256: abc", "smoke.dataset.sha256", "64 hexadecimal")]
    [InlineData("sha: abc", "smoke.dataset.sha256", "needed")]
    public void Read_wrongDataset_namesIt(string field, string path, string remedy) =>
        AssertError(PolicyReader.Read($"smoke: {{ dataset: {{ {field} }} }}"), path, remedy);

    [Theory]
    [InlineData("gates: { minAccuracy: 97 }", "gates.minAccuracy", "0 to 1 are allowed (0 % to 100 %)")]
    [InlineData("gates: { maxAccuracyLoss: two }", "gates.maxAccuracyLoss", "0.02 or 2 %")]
    [InlineData("gates: { confidence: 0.5 }", "gates.confidence", "0.8 to 0.9999")]
    [InlineData("gates: { maxLatencyP95Ms: 0 }", "gates.maxLatencyP95Ms", "above 0")]
    [InlineData("gates: { maxLatencyRatio: 0 }", "gates.maxLatencyRatio", "0.1 to 1,000")]
    [InlineData("gates: { maxPerplexity: 0.5 }", "gates.maxPerplexity", "1 to 1,000,000,000")]
    [InlineData("gates: { maxBitsPerByteIncrease: -1 }", "gates.maxBitsPerByteIncrease", "0 to 64")]
    [InlineData("gates: { maxTimeToFirstTokenMs: 0 }", "gates.maxTimeToFirstTokenMs", "above 0 to 3,600,000")]
    [InlineData("gates: { maxSliceRecalLoss: 0.1 }", "gates.maxSliceRecalLoss", "did you mean 'maxSliceRecallLoss'?")]
    [InlineData("slices: [label]", "slices", "always a slice")]
    [InlineData("slices: [a, a]", "slices", "twice")]
    [InlineData("slices: a", "slices", "A list is needed")]
    [InlineData("slices: [a, [b]]", "slices[1]", "One value")]
    [InlineData("batchSize: 5000", "batchSize", "1 to 4,096")]
    public void Read_wrongEvaluation_namesIt(string field, string path, string remedy) =>
        AssertError(PolicyReader.Read($"evaluation:\n  dataset: {{ path: a.csv, sha256: {Hash} }}\n  {field}\nsmoke: {{ dataset: {{ path: a.csv, sha256: {Hash} }} }}"), $"evaluation.{path}", remedy);

    [Fact]
    public void Read_fieldInAList_saysTheListsLine()
    {
        var errors = Assert.IsType<ParsePolicy.Invalid>(PolicyReader.Read(Least + "\napproval:\n  from: [group: board]\n")).Errors;

        Assert.EndsWith($"(line {Least.Split('\n').Length + 2})", Assert.Single(errors).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_mistake_saysItsLine()
    {
        var errors = Invalid(PolicyReader.Read(Least + "ramp:\n  lookEvery: 1s\n  steps:\n    - weight: 5 %\n      bake: 0s\n    - weight: 100 %\n      bake: 1s\n"));
        var error = Assert.Single(errors);
        Assert.Equal("ramp.steps[0].bake", error.Path);
        Assert.EndsWith("(line 7)", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_manyMistakes_reportsAll()
    {
        var errors = Invalid(PolicyReader.Read("smoke: {}\napproval: { required: x }\nextra: 1\nkeepLoaded: 5\n"));
        Assert.Equal(["smoke.dataset", "evaluation", "approval.required", "keepLoaded", "extra"], errors.Select(e => e.Path));
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("# only a comment", "empty")]
    [InlineData("- a", "map of fields")]
    [InlineData("hello", "map of fields")]
    [InlineData("a: [", "not YAML")]
    [InlineData("a: b: c", "not YAML")]
    [InlineData("ramp:\n\t- b", "not YAML")]
    [InlineData("a: {b: [c,\nN\nd: 1}", "not YAML")]
    [InlineData("a: 1\n---\nb: 2", "second document")]
    public void Read_noPolicy_refused(string yaml, string why) => AssertError(PolicyReader.Read(yaml), "", why);

    [Fact]
    public void Read_tooManyBytes_refused() => AssertError(PolicyReader.Read(new string('#', PolicyReader.MaxBytes + 1)), "", "at most 262144");

    [Theory]
    [InlineData("[", "]")]
    [InlineData("{a: ", "}")]
    public void Read_nestedTooDeep_refused(string open, string close) =>
        Invalid(PolicyReader.Read("a: " + string.Concat(Enumerable.Repeat(open, 20_000)) + "1" + string.Concat(Enumerable.Repeat(close, 20_000))));

    [Fact]
    public void Read_allGuardrailsOffAndContinue_accepted() =>
        Parsed(Least + "guardrails: { errorRateIncrease: off, latencyP95Ratio: off }\nramp: { whenInconclusive: continue }");

    [Fact]
    public void Read_emptyShadow_hasItsDefaults() => Assert.Equal(new ShadowPolicy(), Parsed(Least + "ramp: { shadow: {} }").Ramp.Shadow);

    [Fact]
    public void Read_shadowThatOnlyLooks_acceptedWithContinue() =>
        Parsed(Least + "ramp: { whenInconclusive: continue, shadow: { maxDisagreement: off, errorRateIncrease: off, latencyRatio: off } }");

    [Fact]
    public void Read_anythingAtAll_neverThrows()
    {
        // Real policies with pieces cut out, doubled and replaced, so that the reader gets past the first line.
        var piece = Gen.OneOf(Gen.Int[0, Pieces.Length - 1].Select(i => Pieces[i]), Gen.String[0, 4]);
        Gen.Select(Gen.Int[0, Full.Length], Gen.Int[0, 30], piece).Array[1, 4].Sample(edits =>
        {
            var yaml = Full;
            foreach (var (at, cut, insert) in edits)
            {
                var start = Math.Min(at, yaml.Length);
                yaml = yaml[..start] + insert + yaml[Math.Min(yaml.Length, start + cut)..];
            }

            Assert.NotNull(PolicyReader.Read(yaml));
        }, iter: 5_000);
    }

    private static readonly string[] Pieces =
        [":", "\n", "  ", "- ", "{", "}", "[", "]", "&", "*", "!", "|", ">", "'", "\"", "%", "\t", "?", "---", "\0", "\u2028", "\ufeff", "0", "1e309", "~"];

    private static Policy Parsed(string yaml) =>
        PolicyReader.Read(yaml) switch
        {
            ParsePolicy.Parsed(var policy) => policy,
            ParsePolicy.Invalid(var errors) => throw new Xunit.Sdk.XunitException(string.Join('\n', errors)),
            _ => throw new NotSupportedException(),
        };

    private static IReadOnlyList<FieldError> Invalid(ParsePolicy outcome) => Assert.IsType<ParsePolicy.Invalid>(outcome).Errors;

    private static void AssertError(ParsePolicy outcome, string path, string remedy)
    {
        var errors = Invalid(outcome);
        Assert.True(errors.Any(e => e.Path == path && e.Message.Contains(remedy, StringComparison.Ordinal)), string.Join('\n', errors));
    }
}
