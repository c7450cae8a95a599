namespace ModelFlow.LocalHost.Leasing;

internal static partial class Log
{
    [LoggerMessage(2101, LogLevel.Information, "This host is active now, epoch {Epoch}; before it was {Before}.")]
    public static partial void TookLease(ILogger logger, long epoch, string before);

    [LoggerMessage(2102, LogLevel.Information, "Standing by: {Active} is the active host, epoch {Epoch}.")]
    public static partial void StandingBy(ILogger logger, string active, long epoch);

    [LoggerMessage(2103, LogLevel.Warning, "This host is not active any more, epoch {Epoch}: {Reason}.")]
    public static partial void LostLease(ILogger logger, long epoch, string reason);

    [LoggerMessage(2104, LogLevel.Information, "Gave the lease of epoch {Epoch} back.")]
    public static partial void ReleasedLease(ILogger logger, long epoch);

    [LoggerMessage(2105, LogLevel.Warning, "The lease row is out of reach: {Reason}")]
    public static partial void LeaseUnreadable(ILogger logger, string reason);

    [LoggerMessage(2106, LogLevel.Error, "The work of epoch {Epoch} ended by an error.")]
    public static partial void WorkFailed(ILogger logger, long epoch, Exception exception);
}
