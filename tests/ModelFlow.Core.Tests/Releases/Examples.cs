using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Tests.Releases;

/// <summary>A release and a policy that the tests begin with.</summary>
internal static class Examples
{
    public static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    public static readonly ReleaseId Id = ReleaseId.Parse("digits-v1.1.0-mlp-1");

    public static readonly VersionName Stable = VersionName.Parse("v1.0.0-base");

    public static readonly Policy Policy = new()
    {
        Smoke = new SmokePolicy(new DatasetReference("digits/golden.jsonl", Sha256Digest.Of("golden")), TimeSpan.FromMinutes(1)),
        Evaluation = new EvaluationPolicy { Dataset = new DatasetReference("digits/eval.jsonl", Sha256Digest.Of("eval")) },
        Approval = new ApprovalRule { Required = 1, ExpiresAfter = TimeSpan.FromHours(1) },
        Ramp = new RampPolicy
        {
            Steps = [new RampStep(new Weight(500), TimeSpan.FromSeconds(20)), new RampStep(Weight.All, TimeSpan.FromSeconds(20))],
            LookEvery = TimeSpan.FromSeconds(10),
            Lease = TimeSpan.FromSeconds(30),
            ExtendUpTo = TimeSpan.FromSeconds(20),
        },
    };

    public static readonly ShadowPolicy Shadow = new() { Bake = TimeSpan.FromSeconds(20) };

    public static ReleaseState NewRelease(string? uploader = "ada") => ReleaseEvents.Start(new ReleaseState
    {
        Id = Id,
        Stage = new Stage.Registering(),
        PolicyDigest = Sha256Digest.Of("policy"),
        StartedBy = "upload",
        StartedAt = Noon,
        StageSince = Noon,
        Upload = new UploadReference("digits/v1.1.0-mlp.onnx", "\"1\""),
        Uploader = uploader,
    }).State;

    public static GuardrailReport Report(Verdict verdict) => new(
        verdict,
        [new MetricVerdict("errorRateIncrease", verdict, 0.01, 0.5, 0.01, $"the error rate is {verdict}")],
        1000,
        100);

    public static GateResult Gate(bool passed) => new("maxAccuracyLoss", passed, passed ? 0 : 0.2, 0.02, passed ? "no loss" : "lost 0.2");

    public static Signal Signal(SignalKind kind, string by = "bo", DateTimeOffset? at = null, string? id = null) =>
        new() { Id = id ?? $"{kind}-{by}", Kind = kind, By = by, At = at ?? Noon };
}
