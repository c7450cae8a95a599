using ModelFlow.Core;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Checks policies, and sets the one that new releases start under.</summary>
public sealed class SetPolicy(IPolicyStore policies, IDatasetStore datasets, IAuditLog audit, TimeProvider time)
{
    /// <summary>Says everything that is wrong with a policy, and what it needs that is not there yet. Changes nothing.</summary>
    public async Task<PolicyCheck> CheckAsync(string yaml, CancellationToken cancellationToken)
    {
        var parsed = PolicyReader.Read(yaml);
        if (parsed is ParsePolicy.Invalid invalid)
        {
            return new PolicyCheck(null, null, invalid.Errors, []);
        }

        var policy = ((ParsePolicy.Parsed)parsed).Policy;
        var warnings = new List<FieldError>();
        foreach (var (field, path) in new[] { ("smoke.dataset", policy.Smoke.Dataset.Path), ("evaluation.dataset", policy.Evaluation.Dataset.Path) })
        {
            if (await datasets.GrantReadAsync(path, TimeSpan.FromMinutes(1), cancellationToken) is null)
            {
                warnings.Add(new FieldError(field, $"There is no data set '{path}' yet; releases would be refused. Add it with PUT /api/datasets/{path}."));
            }
        }

        var experiments = policy.Ramp.Steps
            .Select((step, index) => step.Experiment is { } experiment ? new PlannedExperiment($"ramp.steps[{index}].experiment", ExperimentPlan.Of(experiment, step.Weight)) : null)
            .OfType<PlannedExperiment>();
        return new PolicyCheck(policy, Sha256Digest.Of(yaml), [], warnings) { Experiments = [.. experiments] };
    }

    /// <summary>Makes a policy the one that new releases of <paramref name="model"/> (null: of every model without its own) start under, if it is valid.</summary>
    public async Task<PolicyCheck> SetAsync(ModelName? model, string yaml, Requester requester, CancellationToken cancellationToken)
    {
        var check = await CheckAsync(yaml, cancellationToken);
        if (check.Policy is null)
        {
            return check;
        }

        var subject = model?.Value ?? "default";
        await audit.AppendAsync(
            AuditScope.Of(model),
            new AuditEntry(requester.IdFor("policySet", $"{subject}\n{check.Digest}"), time.GetUtcNow(), requester.By, "policySet", subject, $"set the {(model is null ? "default policy" : $"policy of {model}")} to {check.Digest}"),
            cancellationToken);
        await policies.SetAsync(model, yaml, cancellationToken);
        return check;
    }
}

/// <summary>What is to be said of a policy.</summary>
/// <param name="Policy">As read, with defaults; null if it is not valid.</param>
/// <param name="Digest">Of its bytes; null if it is not valid.</param>
/// <param name="Errors">Every mistake.</param>
/// <param name="Warnings">What it needs that is not there yet.</param>
public sealed record PolicyCheck(Policy? Policy, Sha256Digest? Digest, IReadOnlyList<FieldError> Errors, IReadOnlyList<FieldError> Warnings)
{
    /// <summary>How many outcomes its experiments need.</summary>
    public IReadOnlyList<PlannedExperiment> Experiments { get; init; } = [];
}

/// <summary>How many outcomes an experiment of a policy needs.</summary>
/// <param name="Path">Its field.</param>
/// <param name="Plan">The numbers.</param>
public sealed record PlannedExperiment(string Path, ExperimentPlan Plan);
