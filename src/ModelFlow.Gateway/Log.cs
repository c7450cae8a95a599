using ModelFlow.Core.Naming;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway;

/// <summary>What the gateway logs.</summary>
internal static partial class Log
{
    [LoggerMessage(4001, LogLevel.Information, "Route of {Model} is generation {Generation} now ({Cause})")]
    public static partial void RouteSwitched(this ILogger logger, ModelName model, long generation, string cause);

    [LoggerMessage(4002, LogLevel.Warning, "Route of {Model} at generation {Generation} was offered, but a newer one is in use")]
    public static partial void RouteOlder(this ILogger logger, ModelName model, long generation);

    [LoggerMessage(4003, LogLevel.Error, "Route of {Model} was refused: {Reason}")]
    public static partial void RouteRefused(this ILogger logger, ModelName model, string reason);

    [LoggerMessage(4004, LogLevel.Information, "Serving {Model} by the kept route of generation {Generation}")]
    public static partial void RouteKept(this ILogger logger, ModelName model, long generation);

    [LoggerMessage(4005, LogLevel.Error, "The kept routes in {Path} cannot be read; starting without them")]
    public static partial void KeptRoutesUnreadable(this ILogger logger, string path, Exception exception);

    [LoggerMessage(4006, LogLevel.Error, "The routes could not be kept in {Path}")]
    public static partial void KeepingFailed(this ILogger logger, string path, Exception exception);

    [LoggerMessage(4011, LogLevel.Warning, "The control plane gives no routes ({Reason}); serving on by the last good ones")]
    public static partial void PollFailed(this ILogger logger, string reason);

    [LoggerMessage(4012, LogLevel.Information, "The control plane gives routes again")]
    public static partial void PollsAgain(this ILogger logger);

    [LoggerMessage(4013, LogLevel.Warning, "The control plane takes no reports ({Reason}); they are sent again")]
    public static partial void ReportFailed(this ILogger logger, string reason);

    [LoggerMessage(4014, LogLevel.Information, "The control plane takes reports again")]
    public static partial void ReportsAgain(this ILogger logger);

    [LoggerMessage(4015, LogLevel.Warning, "A window was dropped: more than {Backlog} wait for the control plane")]
    public static partial void WindowDropped(this ILogger logger, int backlog);

    [LoggerMessage(4017, LogLevel.Information, "{Windows} windows of the last run wait for the control plane")]
    public static partial void WindowsKept(this ILogger logger, int windows);

    [LoggerMessage(4018, LogLevel.Error, "The kept windows in {Path} cannot be read")]
    public static partial void KeptWindowsUnreadable(this ILogger logger, string path, Exception exception);

    [LoggerMessage(4019, LogLevel.Error, "The windows could not be kept in {Path}: a gateway that is killed now loses those that wait")]
    public static partial void KeepingWindowsFailed(this ILogger logger, string path, Exception exception);

    [LoggerMessage(4021, LogLevel.Information, "A key for request ids was made in {Path}")]
    public static partial void SigningKeyMade(this ILogger logger, string path);

    [LoggerMessage(4016, LogLevel.Error, "The control plane refused a report, its {Windows} windows are lost: {Reason}")]
    public static partial void ReportRefused(this ILogger logger, int windows, string reason);

    [LoggerMessage(4022, LogLevel.Warning, "{Model} {Version} failed {Errors} requests in the last window: {UpstreamErrors} bad answers, {Timeouts} time-outs, {ConnectErrors} refused connections")]
    public static partial void VersionFailed(this ILogger logger, ModelName model, VersionName version, long errors, long upstreamErrors, long timeouts, long connectErrors);

    [LoggerMessage(4031, LogLevel.Warning, "{Replica} of {Model} {Version} gets no requests for now: {Reason} failed")]
    public static partial void ReplicaLost(this ILogger logger, ModelName model, VersionName version, string replica, string reason);

    [LoggerMessage(4032, LogLevel.Information, "{Replica} of {Model} {Version} gets requests again")]
    public static partial void ReplicaBack(this ILogger logger, ModelName model, VersionName version, string replica);

    [LoggerMessage(4041, LogLevel.Error, "A request of {Model} could not be mirrored")]
    public static partial void MirroringFailed(this ILogger logger, ModelName model, Exception exception);

    /// <summary>Logs what changed about a replica, if anything did.</summary>
    public static void HealthChanged(this ILogger logger, HealthChange change, VersionLoad version, Replica replica, string what)
    {
        switch (change)
        {
            case HealthChange.Lost:
                logger.ReplicaLost(version.Model, version.Version, replica.Prefix, what);
                break;
            case HealthChange.Back:
                logger.ReplicaBack(version.Model, version.Version, replica.Prefix);
                break;
        }
    }
}
