using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Ports;
using ModelFlow.Testing.World;

namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>An evaluator that a test can hold: a command that takes its time.</summary>
internal sealed class HeldEvaluator : IEvaluationRunner
{
    private readonly SimulatedEvaluator _inner = new(_ => new VersionBehaviour());

    /// <summary>Awaited before each job.</summary>
    public Func<EvaluationJob, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public IReadOnlySet<string> SupportedFormats => _inner.SupportedFormats;

    public async Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken)
    {
        await Before(job, cancellationToken);
        return await _inner.RunAsync(job, cancellationToken);
    }
}
