namespace ModelFlow.LocalHost.Processes;

internal static partial class Log
{
    [LoggerMessage(2001, LogLevel.Information, "Started {Child} as process {ProcessId}.")]
    public static partial void StartedChild(ILogger logger, string child, int processId);

    [LoggerMessage(2002, LogLevel.Information, "Adopted {Child}, which an earlier host left running as process {ProcessId}.")]
    public static partial void AdoptedChild(ILogger logger, string child, int processId);

    [LoggerMessage(2003, LogLevel.Information, "Replacing {Child}: process {ProcessId} was started otherwise or does not answer.")]
    public static partial void ReplacingChild(ILogger logger, string child, int processId);

    [LoggerMessage(2004, LogLevel.Warning, "{Child} has to be started again: {Reason}. The end of its log:\n{LogTail}")]
    public static partial void ChildEnded(ILogger logger, string child, string reason, string logTail);

    [LoggerMessage(2005, LogLevel.Warning, "{Child} could not be brought up: {Reason}")]
    public static partial void ChildNotReady(ILogger logger, string child, string reason);

    [LoggerMessage(2006, LogLevel.Information, "Ending {Child}, process {ProcessId}.")]
    public static partial void EndingChild(ILogger logger, string child, int processId);

    [LoggerMessage(2007, LogLevel.Warning, "{Child}, process {ProcessId}, did not end within {Within} and was killed.")]
    public static partial void ChildForced(ILogger logger, string child, int processId, TimeSpan within);

    [LoggerMessage(2008, LogLevel.Error, "Supervising {Child} failed; trying on.")]
    public static partial void SupervisionFailed(ILogger logger, string child, Exception exception);
}
