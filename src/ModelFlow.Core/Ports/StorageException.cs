namespace ModelFlow.Core.Ports;

/// <summary>
/// The storage failed: it did not answer, answered with an error that no outcome of a port covers, or holds what cannot be read.
/// Thrown by every store after its own retries. A write may have taken effect all the same; every port's write can be repeated.
/// </summary>
public sealed class StorageException : Exception
{
    /// <summary>A failure without a message.</summary>
    public StorageException()
    {
    }

    /// <summary>A failure.</summary>
    public StorageException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public StorageException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Whether the same call may work later; false for what will not pass by itself, such as missing rights.</summary>
    public bool IsTransient { get; init; }
}
