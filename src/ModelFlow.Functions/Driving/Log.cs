using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Functions.Driving;

internal static partial class Log
{
    [LoggerMessage(4101, LogLevel.Warning, "The orchestration {Instance} drives no release: it ends.")]
    public static partial void NoRelease(this ILogger logger, string instance);

    [LoggerMessage(4102, LogLevel.Information, "Command {Seq} of release {Release} is no longer asked for; it was ended.")]
    public static partial void CommandTakenOff(this ILogger logger, ReleaseId release, int seq);

    [LoggerMessage(4103, LogLevel.Warning, "Whether command {Seq} of release {Release} is still asked for is not looked at any more.")]
    public static partial void NotWatched(this ILogger logger, Exception exception, ReleaseId release, int seq);

    [LoggerMessage(4104, LogLevel.Warning, "The ring for release {Release} was not delivered; it is delivered with the next, or the watchdog sees it.")]
    public static partial void RingNotDelivered(this ILogger logger, Exception exception, ReleaseId release);

    [LoggerMessage(4105, LogLevel.Information, "The orchestration of release {Release} was started.")]
    public static partial void Started(this ILogger logger, ReleaseId release);

    [LoggerMessage(4106, LogLevel.Warning, "Release {Release} runs and its orchestration was {Status}; a new one drives it on.")]
    public static partial void StartedAgain(this ILogger logger, ReleaseId release, string status);

    [LoggerMessage(4107, LogLevel.Warning, "The orchestration of release {Release} is suspended; it is left alone.")]
    public static partial void Suspended(this ILogger logger, ReleaseId release);

    [LoggerMessage(4108, LogLevel.Warning, "Release {Release} is overdue since {Due}; its orchestration was rung.")]
    public static partial void Overdue(this ILogger logger, ReleaseId release, DateTimeOffset due);

    [LoggerMessage(4109, LogLevel.Error, "The watchdog could not look after release {Release}.")]
    public static partial void NotLookedAfter(this ILogger logger, Exception exception, ReleaseId release);

    [LoggerMessage(4110, LogLevel.Warning, "Release {Release} is listed as running and was never created; it was taken off the list.")]
    public static partial void NeverCreated(this ILogger logger, ReleaseId release);

    [LoggerMessage(4111, LogLevel.Information, "Release {Release} ended {Outcome}.")]
    public static partial void Ended(this ILogger logger, ReleaseId release, Outcome outcome);
}
