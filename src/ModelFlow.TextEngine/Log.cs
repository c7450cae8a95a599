namespace ModelFlow.TextEngine;

internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "A request failed: {Reason}")]
    public static partial void Failed(ILogger logger, string reason);
}
