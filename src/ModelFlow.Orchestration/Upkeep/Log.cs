using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration.Upkeep;

internal static partial class Log
{
    [LoggerMessage(1301, LogLevel.Information, "{Model} {Version} was loaded again in {Took}: the model server had forgotten it.")]
    public static partial void LoadedAgain(this ILogger logger, ModelName model, VersionName version, TimeSpan took);

    [LoggerMessage(1302, LogLevel.Warning, "{Model} {Version} should be loaded and cannot be: {Reason}")]
    public static partial void NotLoadedAgain(this ILogger logger, ModelName model, VersionName version, string reason);

    [LoggerMessage(1303, LogLevel.Information, "{Model} {Version} was unloaded: nobody needs it any longer.")]
    public static partial void Unloaded(this ILogger logger, ModelName model, VersionName version);

    [LoggerMessage(1304, LogLevel.Information, "{Model} {Version} has other addresses now.")]
    public static partial void EndpointsMoved(this ILogger logger, ModelName model, VersionName version);

    [LoggerMessage(1305, LogLevel.Information, "{Model} {Version} is under a legal hold; {Files} files were not before.")]
    public static partial void Held(this ILogger logger, ModelName model, VersionName version, int files);

    [LoggerMessage(1306, LogLevel.Information, "{Model} {Version} is under no legal hold any more: it was lifted from {Files} files.")]
    public static partial void Lifted(this ILogger logger, ModelName model, VersionName version, int files);

    [LoggerMessage(1307, LogLevel.Warning, "The legal hold of {Model} {Version} could not be {Change} and is tried again: {Reason}")]
    public static partial void HoldNotChanged(this ILogger logger, ModelName model, VersionName version, string change, string reason);

    [LoggerMessage(1308, LogLevel.Debug, "{Model} {Version} is not unloaded yet: gateways have {InFlight} requests of it under way.")]
    public static partial void StillDraining(this ILogger logger, ModelName model, VersionName version, int inFlight);
}
