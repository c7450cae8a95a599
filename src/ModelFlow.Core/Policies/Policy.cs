using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Retention;

namespace ModelFlow.Core.Policies;

/// <summary>The rules one release runs under, pinned by digest when it starts. Read from YAML by <c>PolicyReader</c>.</summary>
public sealed record Policy
{
    /// <summary>The schema this record is written in.</summary>
    public const string CurrentSchema = "modelflow/policy/v1";

    /// <summary>Always <see cref="CurrentSchema"/>.</summary>
    public string Schema { get; init; } = CurrentSchema;

    /// <summary>The first check: a few inputs through the model.</summary>
    public required SmokePolicy Smoke { get; init; }

    /// <summary>The offline evaluation and its gates.</summary>
    public required EvaluationPolicy Evaluation { get; init; }

    /// <summary>Who must agree before traffic.</summary>
    public ApprovalRule Approval { get; init; } = new();

    /// <summary>Who must agree besides: before the ramp, too, before a weight, before promotion, or where the signature breaks.</summary>
    public IReadOnlyList<ApprovalRule> FurtherApprovals { get; init; } = [];

    /// <summary>How traffic moves.</summary>
    public RampPolicy Ramp { get; init; } = new();

    /// <summary>What stops a ramp.</summary>
    public GuardrailPolicy Guardrails { get; init; } = new();

    /// <summary>What may replace the stable version's inputs and outputs.</summary>
    public SignaturePolicy Signature { get; init; } = new();

    /// <summary>What happens when another release of the model is already ramping; wait by default.</summary>
    public ConcurrencyRule Concurrency { get; init; } = ConcurrencyRule.Wait;

    /// <summary>How long a version that was replaced stays loaded for rollback. 1 minute to 30 days; 1 hour by default.</summary>
    public TimeSpan KeepLoaded { get; init; } = TimeSpan.FromHours(1);

    /// <summary>When old versions move to cheaper tiers.</summary>
    public RetentionPolicy Retention { get; init; } = new();

    /// <summary>
    /// The guardrails as the weights of the ramp are judged by: where there is a shadow step it takes an even share of the false-alarm budget, as one more step.
    /// </summary>
    public GuardrailPolicy GuardrailsOfRamp()
    {
        double steps = Ramp.Steps.Count;
        return Ramp.Shadow is null ? Guardrails : Guardrails with { FalseAlarmBudget = Guardrails.FalseAlarmBudget * steps / (steps + 1) };
    }
}

/// <summary>The smoke test.</summary>
/// <param name="Dataset">The golden inputs: a few rows.</param>
/// <param name="TimeLimit">1 second to 1 hour; 1 minute by default.</param>
public sealed record SmokePolicy(DatasetReference Dataset, TimeSpan TimeLimit);

/// <summary>A data set in the <c>datasets</c> container, pinned.</summary>
/// <param name="Path">The blob's path, for example <c>digits/eval.jsonl</c>; CSV or JSON Lines by its ending.</param>
/// <param name="Sha256">The digest its bytes must have.</param>
public sealed record DatasetReference(string Path, Sha256Digest Sha256);

/// <summary>The offline evaluation.</summary>
public sealed record EvaluationPolicy
{
    /// <summary>The labelled rows.</summary>
    public required DatasetReference Dataset { get; init; }

    /// <summary>The column with the true class; <c>label</c> by default.</summary>
    public string Label { get; init; } = "label";

    /// <summary>Columns whose values name slices, at most 50; the true class is always one and is not listed.</summary>
    public IReadOnlyList<string> Slices { get; init; } = [];

    /// <summary>Rows per inference when latency is measured, 1 to 4096; 64 by default.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>1 second to 24 hours; 10 minutes by default.</summary>
    public TimeSpan TimeLimit { get; init; } = TimeSpan.FromMinutes(10);

    /// <summary>What the numbers must satisfy.</summary>
    public GatePolicy Gates { get; init; } = new();
}

/// <summary>The gray ramp.</summary>
public sealed record RampPolicy
{
    /// <summary>The step before the first weight, in which requests are mirrored to the candidate; null, the default, for none.</summary>
    public ShadowPolicy? Shadow { get; init; }

    /// <summary>The steps in order, 1 to 50; weights rise strictly from above 0 and end at 100 %.</summary>
    public IReadOnlyList<RampStep> Steps { get; init; } =
    [
        new(new Weight(500), TimeSpan.FromMinutes(10)),
        new(new Weight(2_500), TimeSpan.FromMinutes(10)),
        new(new Weight(5_000), TimeSpan.FromMinutes(10)),
        new(Weight.All, TimeSpan.FromMinutes(10)),
    ];

    /// <summary>How often the live numbers are looked at and the weight's lease renewed. 1 second to 5 minutes; 15 seconds by default.</summary>
    public TimeSpan LookEvery { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a weight holds without renewal. At least three looks and at most 1 hour; 90 seconds by default.</summary>
    public TimeSpan Lease { get; init; } = TimeSpan.FromSeconds(90);

    /// <summary>How much longer than its bake time a step may wait for enough samples. 0 to 7 days; 1 hour by default.</summary>
    public TimeSpan ExtendUpTo { get; init; } = TimeSpan.FromHours(1);

    /// <summary>What happens when there are still not enough samples then; hold by default.</summary>
    public InconclusiveRule WhenInconclusive { get; init; } = InconclusiveRule.Hold;

    /// <summary>How many requests a version answers on each of its replicas after it is loaded and before it gets traffic. 0 to 1,000; 10 by default.</summary>
    public int WarmUp { get; init; } = 10;

    /// <summary>
    /// Whether the candidate is compared with a fresh instance of stable, loaded with it and given as much of stable's traffic, instead of with all of stable.
    /// False by default.
    /// </summary>
    public bool FreshBaseline { get; init; }

    /// <summary>How a key is found that keeps a user on one version.</summary>
    public StickyPolicy Sticky { get; init; } = new();
}

/// <summary>One step of a ramp.</summary>
/// <param name="Weight">The candidate's share of traffic, above 0.</param>
/// <param name="Bake">How long it is watched at least. 1 second to 30 days.</param>
public sealed record RampStep(Weight Weight, TimeSpan Bake)
{
    /// <summary>What the step finds out before the ramp goes on; null, the default, for nothing beyond the guardrails. Only where stable has traffic, too.</summary>
    public ExperimentPolicy? Experiment { get; init; }
}

/// <summary>What a step without enough samples does at its limit.</summary>
public enum InconclusiveRule
{
    /// <summary>Stay at this weight until an operator promotes or aborts.</summary>
    Hold,

    /// <summary>Give the traffic back to the stable version.</summary>
    Rollback,

    /// <summary>Go on to the next step.</summary>
    Continue,
}

/// <summary>Where the sticky key of a request is.</summary>
public sealed record StickyPolicy
{
    /// <summary>Header or cookie; header by default.</summary>
    public StickyKind Kind { get; init; } = StickyKind.Header;

    /// <summary>The header's or cookie's name; <c>x-modelflow-key</c> by default.</summary>
    public string Name { get; init; } = "x-modelflow-key";
}

/// <summary>Where a sticky key is read from.</summary>
public enum StickyKind
{
    /// <summary>A request header.</summary>
    Header,

    /// <summary>A cookie.</summary>
    Cookie,
}

/// <summary>What a change of inputs or outputs against the stable version does.</summary>
public sealed record SignaturePolicy
{
    /// <summary>What a breaking signature does; refused by default.</summary>
    public BreakingSignatureRule Breaking { get; init; } = BreakingSignatureRule.Refuse;
}

/// <summary>What a breaking signature does.</summary>
public enum BreakingSignatureRule
{
    /// <summary>The version is refused.</summary>
    Refuse,

    /// <summary>The version may go live, but by a cut-over in one step, never a ramp: clients must switch with it.</summary>
    CutOver,
}

/// <summary>What a release does when another of the same model is ramping.</summary>
public enum ConcurrencyRule
{
    /// <summary>Waits for its turn.</summary>
    Wait,

    /// <summary>Takes the turn from an older version's release, which ends superseded.</summary>
    Supersede,
}
