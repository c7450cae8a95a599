namespace ModelFlow.EvaluatorProcess;

/// <summary>What one evaluator's process may use.</summary>
/// <param name="Time">After this it is killed.</param>
/// <param name="MemoryMiB">Resident memory with all its children, in MiB.</param>
/// <param name="OutputMiB">What it may write, in MiB.</param>
public sealed record ChildLimits(TimeSpan Time, int MemoryMiB, int OutputMiB);
