namespace ModelFlow.LocalHost.Evaluation;

internal static partial class Log
{
    [LoggerMessage(2301, LogLevel.Information, "Evaluation {Job} runs as process {ProcessId}.")]
    public static partial void JobStarted(ILogger logger, string job, int processId);

    [LoggerMessage(2302, LogLevel.Information, "Evaluation {Job} ended ({End}) after {Took}.")]
    public static partial void JobEnded(ILogger logger, string job, string end, TimeSpan took);

    [LoggerMessage(2303, LogLevel.Information, "Evaluation {Job} ran before; its outputs are used again.")]
    public static partial void FoundEarlier(ILogger logger, string job);

    [LoggerMessage(2304, LogLevel.Warning, "Evaluation {Job} could not be run.")]
    public static partial void JobFaulted(ILogger logger, string job, Exception exception);

    [LoggerMessage(2305, LogLevel.Warning, "Ending evaluator process {ProcessId}, which an earlier host left running.")]
    public static partial void EndingOrphan(ILogger logger, int processId);
}
