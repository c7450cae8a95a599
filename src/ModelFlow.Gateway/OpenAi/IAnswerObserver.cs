namespace ModelFlow.Gateway.OpenAi;

/// <summary>Reads along in an answer that passes. Must neither throw nor wait.</summary>
internal interface IAnswerObserver
{
    /// <summary>Takes the next bytes; none at its end.</summary>
    void Read(ReadOnlySpan<byte> answer);
}
