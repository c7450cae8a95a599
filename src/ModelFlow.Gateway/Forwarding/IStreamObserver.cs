namespace ModelFlow.Gateway.Forwarding;

/// <summary>Reads along in a body that passes. Must neither throw nor wait.</summary>
internal interface IStreamObserver
{
    /// <summary>Takes the next bytes; none at its end.</summary>
    void Read(ReadOnlySpan<byte> bytes);
}
