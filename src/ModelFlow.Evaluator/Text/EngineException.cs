namespace ModelFlow.Evaluator.Text;

/// <summary>An engine does not answer, or not in a way that can be used. The message is for people.</summary>
internal sealed class EngineException(string message) : Exception(message);
