using ModelFlow.Core.Naming;

namespace ModelFlow.LocalHost.Driving;

internal static partial class Log
{
    [LoggerMessage(2201, LogLevel.Information, "Epoch {Epoch} begins: fenced {Releases} running releases and {Routes} routes.")]
    public static partial void Fenced(ILogger logger, long epoch, int releases, int routes);

    [LoggerMessage(2202, LogLevel.Error, "The driver of release {Release} failed and is started again.")]
    public static partial void DriverFailed(ILogger logger, ReleaseId release, Exception exception);

    [LoggerMessage(2203, LogLevel.Warning, "Release {Release} was announced and never created; taken off the list of running ones.")]
    public static partial void NeverCreated(ILogger logger, ReleaseId release);

    [LoggerMessage(2204, LogLevel.Warning, "A ring for release {Release} was lost; the active host finds out by itself a little later.")]
    public static partial void RingLost(ILogger logger, ReleaseId release, Exception exception);

    [LoggerMessage(2205, LogLevel.Warning, "{Job} failed {Times} times in a row.")]
    public static partial void JobFailed(ILogger logger, string job, int times, Exception exception);
}
