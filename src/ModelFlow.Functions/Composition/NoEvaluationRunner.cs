using ModelFlow.Core.Ports;

namespace ModelFlow.Functions.Composition;

/// <summary>
/// Stands in where no evaluation job is configured: the API, rollbacks and traffic work, and a new release fails with a reason that says what is missing.
/// Nothing is opened in the host's own process in its place.
/// </summary>
internal sealed class NoEvaluationRunner : IEvaluationRunner
{
    public IReadOnlySet<string> SupportedFormats { get; } = new HashSet<string>(StringComparer.Ordinal) { "onnx" };

    public Task<EvaluationRun> RunAsync(EvaluationJob job, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("No evaluation job is configured for this host, so no version can be inspected, tested or evaluated: see docs/azure.md.");
}
