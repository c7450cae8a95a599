using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration;

internal static partial class Log
{
    [LoggerMessage(1001, LogLevel.Warning, "Release {Release} could not be driven; next try in {Backoff}.")]
    public static partial void DriveFailed(this ILogger logger, Exception exception, ReleaseId release, TimeSpan backoff);

    [LoggerMessage(1002, LogLevel.Warning, "Command {Command} of release {Release} failed.")]
    public static partial void CommandFailed(this ILogger logger, Exception exception, string command, ReleaseId release);

    [LoggerMessage(1003, LogLevel.Information, "Upload {Path} was refused ({By}): {Reason}")]
    public static partial void UploadRefused(this ILogger logger, string path, string by, string reason);

    [LoggerMessage(1004, LogLevel.Warning, "Upload {Path} waits: no policy is set for model {Model}. Set one with 'modelflow policy set'.")]
    public static partial void NoPolicy(this ILogger logger, string path, ModelName model);

    [LoggerMessage(1005, LogLevel.Warning, "Upload {Path} could not be taken in; it is tried again.")]
    public static partial void IntakeFailed(this ILogger logger, Exception exception, string path);

    [LoggerMessage(1011, LogLevel.Information, "Evaluation {Job}, start {Start}: container {Container} of {Image}.")]
    public static partial void EvaluationStarted(this ILogger logger, string job, int start, string? container, string image);

    [LoggerMessage(1012, LogLevel.Warning, "Evaluation {Job}, start {Start}: it is not certain that it was started ({Reason}); looked at again in {After}.")]
    public static partial void EvaluationStartUncertain(this ILogger logger, string job, int start, string reason, TimeSpan after);

    [LoggerMessage(1013, LogLevel.Warning, "Evaluation {Job} needs start {Start}: {Reason}")]
    public static partial void EvaluationStartsAgain(this ILogger logger, string job, int start, string reason);

    [LoggerMessage(1014, LogLevel.Information, "Evaluation {Job} on {Platform} was stopped.")]
    public static partial void EvaluationStopped(this ILogger logger, string job, string platform);

    [LoggerMessage(1015, LogLevel.Warning, "Evaluation {Job}, which its release wants no more, could not be stopped; it ends by its own time limit.")]
    public static partial void EvaluationNotStopped(this ILogger logger, Exception? exception, string job);
}
