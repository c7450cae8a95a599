namespace ModelFlow.Orchestration;

/// <summary>This host may no longer drive releases: another one does, or will.</summary>
public sealed class DrivingEndedException : OperationCanceledException
{
    /// <summary>The lease is not held.</summary>
    public DrivingEndedException()
        : base("This host does not hold the lease; another one drives the releases.")
    {
    }

    /// <summary>The lease is not held.</summary>
    public DrivingEndedException(string message)
        : base(message)
    {
    }

    /// <summary>The lease is not held.</summary>
    public DrivingEndedException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
