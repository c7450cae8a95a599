using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.RegularExpressions;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Retention;

namespace ModelFlow.Core.Policies;

/// <summary>
/// Reads a policy from YAML. Every mistake is reported with its field and line, not only the first; unknown fields are
/// mistakes. The fields, their ranges and defaults are in <c>docs/policy-reference.md</c>, the shape in
/// <c>docs/schemas/policy.schema.json</c>.
/// </summary>
public static partial class PolicyReader
{
    /// <summary>The most bytes a policy may have, in UTF-8: 256 KiB.</summary>
    public const int MaxBytes = 256 * 1024;

    /// <summary>The most steps of a ramp, and the most slice columns.</summary>
    public const int MaxItems = 50;

    /// <summary>Reads a policy.</summary>
    public static ParsePolicy Read(string yaml)
    {
        ArgumentNullException.ThrowIfNull(yaml);
        var findings = new Findings();
        if (Encoding.UTF8.GetByteCount(yaml) is > MaxBytes and var bytes)
        {
            findings.Add("", $"The policy has {bytes} bytes; at most {MaxBytes} are allowed.");
            return new ParsePolicy.Invalid(findings.Errors);
        }

        var tree = YamlTree.Read(yaml, findings);
        if (tree is not null and not MapNode)
        {
            findings.Add("", "A policy is a map of fields, for example 'ramp:' with its own fields below it.");
        }

        var policy = tree is MapNode map ? ReadPolicy(new Fields(map, "", findings)) : null;
        return findings.Any || policy is null ? new ParsePolicy.Invalid(findings.Errors) : new ParsePolicy.Parsed(policy);
    }

    private static Policy ReadPolicy(Fields fields)
    {
        var empty = new Policy { Smoke = null!, Evaluation = null! };
        var policy = empty with
        {
            Schema = fields.Optional<string>("schema", Schema, Policy.CurrentSchema),
            Smoke = fields.Map("smoke", required: true) is { } smoke ? ReadSmoke(smoke) : empty.Smoke,
            Evaluation = fields.Map("evaluation", required: true) is { } evaluation ? ReadEvaluation(evaluation) : empty.Evaluation,
        };
        var ramp = fields.Map("ramp") is { } steps ? RampReader.Read(steps) : empty.Ramp;
        var (approval, further) = fields.Map("approval") is { } rules ? ApprovalReader.Read(rules, ramp) : (empty.Approval, empty.FurtherApprovals);
        policy = policy with
        {
            Approval = approval,
            FurtherApprovals = further,
            Ramp = ramp,
            Guardrails = fields.Map("guardrails") is { } guardrails ? ReadGuardrails(guardrails) : empty.Guardrails,
            Signature = fields.Map("signature") is { } signature ? ReadSignature(signature) : empty.Signature,
            Concurrency = fields.Optional<ConcurrencyRule>("concurrency", PolicyValues.Word, empty.Concurrency),
            KeepLoaded = fields.Optional("keepLoaded", PolicyValues.Duration(Minutes(1), Days(30)), empty.KeepLoaded),
            Retention = fields.Map("retention") is { } retention ? ReadRetention(retention) : empty.Retention,
        };
        fields.RefuseUnknown();

        // Nothing watched means no step is ever healthy (no data is never success): every ramp would stand still.
        if (WatchedMetrics.Of(policy.Guardrails).Count == 0 && policy.Ramp.WhenInconclusive != InconclusiveRule.Continue)
        {
            fields.Report("guardrails", "Every tolerance is off, so no step could ever be called healthy. Watch one, or say 'whenInconclusive: continue' in 'ramp'.");
        }

        return policy;
    }

    private static SmokePolicy ReadSmoke(Fields fields)
    {
        var smoke = new SmokePolicy(
            ReadDataset(fields),
            fields.Optional("timeLimit", PolicyValues.Duration(Seconds(1), Hours(1)), Minutes(1)));
        fields.RefuseUnknown();
        return smoke;
    }

    private static EvaluationPolicy ReadEvaluation(Fields fields)
    {
        var empty = new EvaluationPolicy { Dataset = null! };
        var evaluation = empty with
        {
            Dataset = ReadDataset(fields),
            Label = fields.Optional<string>("label", PolicyValues.Name, empty.Label),
            Slices = fields.List("slices") is { } slices ? fields.ValuesOf<string>("slices", slices, PolicyValues.Name) : empty.Slices,
            BatchSize = fields.Optional("batchSize", PolicyValues.Whole(1, 4096), empty.BatchSize),
            TimeLimit = fields.Optional("timeLimit", PolicyValues.Duration(Seconds(1), Hours(24)), empty.TimeLimit),
            Gates = fields.Map("gates") is { } gates ? ReadGates(gates) : empty.Gates,
        };
        fields.RefuseUnknown();

        if (evaluation.Slices.Count > MaxItems)
        {
            fields.Report("slices", $"There are {evaluation.Slices.Count} columns; at most {MaxItems} are allowed.");
        }

        if (evaluation.Slices.Contains(evaluation.Label, StringComparer.Ordinal))
        {
            fields.Report("slices", $"'{evaluation.Label}' is the label, which is always a slice; leave it out.");
        }

        if (evaluation.Slices.Distinct(StringComparer.Ordinal).Count() != evaluation.Slices.Count)
        {
            fields.Report("slices", "A column is there twice; keep one.");
        }

        return evaluation;
    }

    private static DatasetReference ReadDataset(Fields parent)
    {
        if (parent.Map("dataset", required: true) is not { } fields)
        {
            return new DatasetReference("", default);
        }

        var dataset = new DatasetReference(fields.Required<string>("path", DatasetPath), fields.Required<Sha256Digest>("sha256", Sha256Digest.TryParse));
        fields.RefuseUnknown();
        return dataset;
    }

    private static GatePolicy ReadGates(Fields fields)
    {
        var empty = new GatePolicy();
        var fraction = PolicyValues.Fraction(0, 1);
        var gates = new GatePolicy
        {
            MinAccuracy = fields.Optional("minAccuracy", fraction, empty.MinAccuracy),
            MinMacroF1 = fields.Optional("minMacroF1", fraction, empty.MinMacroF1),
            MaxCalibrationError = fields.Optional("maxCalibrationError", fraction, empty.MaxCalibrationError),
            MaxLatencyP95Ms = fields.Optional("maxLatencyP95Ms", PolicyValues.Number(0, 3_600_000, above: true), empty.MaxLatencyP95Ms),
            MaxAccuracyLoss = fields.Optional("maxAccuracyLoss", fraction, empty.MaxAccuracyLoss),
            MaxSliceRecallLoss = fields.Optional("maxSliceRecallLoss", fraction, empty.MaxSliceRecallLoss),
            MinSliceRows = fields.Optional("minSliceRows", PolicyValues.Whole(1, 1_000_000), empty.MinSliceRows),
            MaxLatencyRatio = fields.Optional("maxLatencyRatio", PolicyValues.Number(0.1, 1_000), empty.MaxLatencyRatio),
            MaxPerplexity = fields.Optional("maxPerplexity", PolicyValues.Number(1, 1_000_000_000), empty.MaxPerplexity),
            MaxBitsPerByte = fields.Optional("maxBitsPerByte", PolicyValues.Number(0, 64, above: true), empty.MaxBitsPerByte),
            MinChoiceAccuracy = fields.Optional("minChoiceAccuracy", fraction, empty.MinChoiceAccuracy),
            MaxTimeToFirstTokenMs = fields.Optional("maxTimeToFirstTokenMs", PolicyValues.Number(0, 3_600_000, above: true), empty.MaxTimeToFirstTokenMs),
            MinTokensPerSecond = fields.Optional("minTokensPerSecond", PolicyValues.Number(0, 1_000_000, above: true), empty.MinTokensPerSecond),
            MaxPerplexityRatio = fields.Optional("maxPerplexityRatio", PolicyValues.Number(0.1, 1_000), empty.MaxPerplexityRatio),
            MaxBitsPerByteIncrease = fields.Optional("maxBitsPerByteIncrease", PolicyValues.Number(0, 64), empty.MaxBitsPerByteIncrease),
            MaxChoiceAccuracyLoss = fields.Optional("maxChoiceAccuracyLoss", fraction, empty.MaxChoiceAccuracyLoss),
            Confidence = fields.Optional("confidence", PolicyValues.FractionValue(0.8, 0.9999), empty.Confidence),
        };
        fields.RefuseUnknown();
        return gates;
    }

    private static GuardrailPolicy ReadGuardrails(Fields fields)
    {
        var empty = new GuardrailPolicy();
        var ratio = PolicyValues.OrOff(PolicyValues.Number(1, 1_000, above: true));
        var guardrails = new GuardrailPolicy
        {
            ErrorRateIncrease = fields.Optional("errorRateIncrease", PolicyValues.OrOff(PolicyValues.Fraction(0, 1)), empty.ErrorRateIncrease),
            ErrorRateRatio = fields.Optional("errorRateRatio", PolicyValues.OrOff(PolicyValues.Number(1, 1_000)), empty.ErrorRateRatio),
            LatencyP50Ratio = fields.Optional("latencyP50Ratio", ratio, empty.LatencyP50Ratio),
            LatencyP95Ratio = fields.Optional("latencyP95Ratio", ratio, empty.LatencyP95Ratio),
            LatencyP99Ratio = fields.Optional("latencyP99Ratio", ratio, empty.LatencyP99Ratio),
            FirstByteP50Ratio = fields.Optional("firstByteP50Ratio", ratio, empty.FirstByteP50Ratio),
            FirstByteP95Ratio = fields.Optional("firstByteP95Ratio", ratio, empty.FirstByteP95Ratio),
            FeedbackDrop = fields.Optional("feedbackDrop", PolicyValues.OrOff(PolicyValues.Fraction(0, 1)), empty.FeedbackDrop),
            MinRequests = fields.Optional("minRequests", PolicyValues.Whole(1, 1_000_000), empty.MinRequests),
            FalseAlarmBudget = fields.Optional("falseAlarmBudget", PolicyValues.FractionValue(0.0001, 0.2), empty.FalseAlarmBudget),
            MissBudget = fields.Optional("missBudget", PolicyValues.FractionValue(0.0001, 0.2), empty.MissBudget),
        };
        fields.RefuseUnknown();
        return guardrails;
    }

    private static SignaturePolicy ReadSignature(Fields fields)
    {
        var signature = new SignaturePolicy
        {
            Breaking = fields.Optional<BreakingSignatureRule>("breaking", PolicyValues.Word, BreakingSignatureRule.Refuse),
        };
        fields.RefuseUnknown();
        return signature;
    }

    private static RetentionPolicy ReadRetention(Fields fields)
    {
        var empty = new RetentionPolicy();
        var age = PolicyValues.DurationOrNever(Seconds(1), Days(36_500));
        var retention = new RetentionPolicy
        {
            CoolAfter = fields.Optional("coolAfter", age, empty.CoolAfter),
            ColdAfter = fields.Optional("coldAfter", age, empty.ColdAfter),
            ArchiveAfter = fields.Optional("archiveAfter", age, empty.ArchiveAfter),
            DeleteAfter = fields.Optional("deleteAfter", age, empty.DeleteAfter),
            KeepStable = fields.Optional("keepStable", PolicyValues.Whole(1, 100), empty.KeepStable),
        };
        fields.RefuseUnknown();

        var before = ("", TimeSpan.Zero);
        foreach (var (name, after) in new[] { ("coolAfter", retention.CoolAfter), ("coldAfter", retention.ColdAfter), ("archiveAfter", retention.ArchiveAfter), ("deleteAfter", retention.DeleteAfter) })
        {
            if (after is not { } value)
            {
                continue;
            }

            if (value <= before.Item2)
            {
                fields.Report(name, $"{PolicyValues.Show(value)} is not after '{before.Item1}' ({PolicyValues.Show(before.Item2)}); each step comes later than the one before, or never.");
            }

            before = (name, value);
        }

        return retention;
    }

    private static bool Schema(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        error = string.Equals(text, Policy.CurrentSchema, StringComparison.Ordinal) ? null : $"'{text}' is no schema that is read here; write {Policy.CurrentSchema}.";
        return error is null;
    }

    private static bool DatasetPath(string text, out string value, [NotNullWhen(false)] out string? error)
    {
        value = text;
        if (!RelativePath.Check(text, out error))
        {
            return false;
        }

        error = DatasetEnding().IsMatch(text) ? null : $"'{text}' must end in .jsonl or .csv: that is how the data set is read.";
        return error is null;
    }

    internal static TimeSpan Seconds(int count) => TimeSpan.FromSeconds(count);

    internal static TimeSpan Minutes(int count) => TimeSpan.FromMinutes(count);

    internal static TimeSpan Hours(int count) => TimeSpan.FromHours(count);

    internal static TimeSpan Days(int count) => TimeSpan.FromDays(count);

    [GeneratedRegex(@"\.(jsonl|csv)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex DatasetEnding();
}
