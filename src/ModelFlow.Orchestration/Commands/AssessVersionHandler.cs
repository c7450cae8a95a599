using ModelFlow.Core.Catalog;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Inspection, smoke test and evaluation: each a job in the evaluator's process.</summary>
public sealed class AssessVersionHandler(IEvaluationRunner evaluator, IVersionCatalog catalog, IRouteStore routes)
{
    private static readonly TimeSpan InspectionTimeLimit = TimeSpan.FromMinutes(5);

    /// <summary>Reads format, content and signature, and compares the signature with the stable version's.</summary>
    public async Task<CommandRun> InspectAsync(CommandContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var version = await GetAsync(context.Model, context.Version, cancellationToken);
        if (version.Revoked is { } revoked)
        {
            return new CommandRun.Done(new CommandResult.Refused("revoked", $"{version.Version} was revoked by {revoked.By}: {revoked.Reason}"));
        }

        var run = await evaluator.RunAsync(Job(context, EvaluationMode.Inspect, version, InspectionTimeLimit), cancellationToken);
        if (run is not EvaluationRun.Completed { Output: EvaluatorOutput.Inspected inspected })
        {
            return Otherwise(run, "inspection");
        }

        await catalog.UpdateAsync(context.Model, context.Version, v => v with { Signature = inspected.Signature }, cancellationToken);
        var stable = (await routes.GetAsync(context.Model, cancellationToken))?.Route.Stable;
        var baseline = stable == context.Version ? null : stable;
        if (baseline is not { } name || (await GetAsync(context.Model, name, cancellationToken)).Signature is not { } signature)
        {
            return new CommandRun.Done(new CommandResult.Inspected(baseline, BreakingSignature: false, inspected.Summary));
        }

        var comparison = SignatureComparison.Compare(signature, inspected.Signature);
        return new CommandRun.Done(new CommandResult.Inspected(baseline, comparison.Change == SignatureChange.Breaking, $"{inspected.Summary} Compared with {name}: {comparison.Message}."));
    }

    /// <summary>Runs the golden inputs.</summary>
    public async Task<CommandRun> SmokeTestAsync(CommandContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        var version = await GetAsync(context.Model, context.Version, cancellationToken);
        var job = Job(context, EvaluationMode.Smoke, version, context.Policy.Smoke.TimeLimit) with { Dataset = context.Policy.Smoke.Dataset };
        var run = await evaluator.RunAsync(job, cancellationToken);
        return run is EvaluationRun.Completed { Output: EvaluatorOutput.SmokeTested tested }
            ? new CommandRun.Done(new CommandResult.SmokeTested(tested.Summary))
            : Otherwise(run, "smoke");
    }

    /// <summary>Runs the version and the baseline over the data set and judges the gates.</summary>
    public async Task<CommandRun> EvaluateAsync(CommandContext context, Command.EvaluateVersion command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        var policy = context.Policy.Evaluation;
        var version = await GetAsync(context.Model, context.Version, cancellationToken);
        var job = Job(context, EvaluationMode.Evaluate, version, policy.TimeLimit) with
        {
            // A breaking version takes other inputs than its baseline: the same rows cannot go through both.
            Baseline = command.Baseline is { } name && !context.State.BreakingSignature ? await GetAsync(context.Model, name, cancellationToken) : null,
            Dataset = policy.Dataset,
            Policy = policy,
        };
        var run = await evaluator.RunAsync(job, cancellationToken);
        return run is EvaluationRun.Completed { Output: EvaluatorOutput.Evaluated evaluated }
            ? new CommandRun.Done(new CommandResult.Evaluated(evaluated.Digest, GateJudge.Judge(policy.Gates, evaluated.Report), Summary(evaluated.Report)))
            : Otherwise(run, "evaluation");
    }

    /// <summary>Ends what an assessment started elsewhere, once its release wants it no more.</summary>
    public Task StopAsync(ReleaseId release, PendingCommand pending, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(pending);
        return pending.Command is Command.InspectVersion or Command.SmokeTestVersion or Command.EvaluateVersion
            ? evaluator.StopAsync(JobId(release, pending), cancellationToken)
            : Task.CompletedTask;
    }

    private static string JobId(ReleaseId release, PendingCommand pending) => $"{release}-{pending.Seq}";

    private static EvaluationJob Job(CommandContext context, EvaluationMode mode, VersionRecord version, TimeSpan limit) => new()
    {
        Id = JobId(context.Id, context.Pending),
        Release = context.Id,
        Mode = mode,
        Version = version,
        TimeLimit = limit,
    };

    private static CommandRun Otherwise(EvaluationRun run, string stage) => run switch
    {
        EvaluationRun.Running running => new CommandRun.NotYet(running.LookAgainAfter),
        EvaluationRun.Completed { Output: EvaluatorOutput.Refused refused } => new CommandRun.Done(new CommandResult.Refused(refused.By, refused.Reason)),
        EvaluationRun.Completed other => new CommandRun.Done(new CommandResult.Faulted($"The evaluator answered {other.Output.GetType().Name} to {stage}.")),
        EvaluationRun.ModelAtFault fault => new CommandRun.Done(new CommandResult.Refused(stage, fault.Reason)),
        EvaluationRun.Faulted faulted => new CommandRun.Done(new CommandResult.Faulted(faulted.Reason)),
        _ => throw new InvalidOperationException("Unknown outcome of an evaluator run."),
    };

    private static string Summary(EvaluationReport report)
    {
        if (report.Text is { } text)
        {
            return text.Baseline is { } stable ? $"{Numbers(text.Candidate)}; stable: {Numbers(stable)}." : $"{Numbers(text.Candidate)}; there is no stable version to compare with.";
        }

        var candidate = $"accuracy {report.Candidate.Accuracy:P2}, p95 {report.Candidate.Latency.P95Ms:0.##} ms a batch";
        return report.Baseline is { } baseline
            ? $"{candidate}; stable: accuracy {baseline.Accuracy:P2}, p95 {baseline.Latency.P95Ms:0.##} ms."
            : $"{candidate}; there is no stable version to compare with.";
    }

    private static string Numbers(TextMeasurements text) => string.Join(", ", new[]
    {
        text.Perplexity is { } perplexity ? $"perplexity {perplexity:0.##}, {text.BitsPerByte:0.####} bits per byte" : null,
        text.ChoiceAccuracy is { } choice ? $"multiple choice {choice:P2}" : null,
        text.TimeToFirstToken is { } first ? $"first token after {first.P95Ms:0.#} ms (p95)" : null,
        text.TokensPerSecond is { } speed ? $"{speed:0} tokens/s" : null,
    }.OfType<string>());

    private async Task<VersionRecord> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken) =>
        await catalog.GetAsync(model, version, cancellationToken)
        ?? throw new InvalidOperationException($"{model} {version} is not in the catalogue.");
}
