using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;

namespace ModelFlow.ModelServers;

/// <summary>What is logged about model servers. Never a grant.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Warning, "A call to a model server failed (try {Attempt} of {Attempts}): {Reason}")]
    public static partial void CallFailed(ILogger logger, int attempt, int attempts, string reason);

    [LoggerMessage(2, LogLevel.Warning, "{Server} has other bytes loaded as {Model} {Version} than the catalogue names; they are replaced")]
    public static partial void OtherBytesLoaded(ILogger logger, Uri server, ModelName model, VersionName version);

    [LoggerMessage(3, LogLevel.Warning, "{Model} {Version} was refused by one replica and may still be loaded on another: {Reason}")]
    public static partial void NotForgotten(ILogger logger, ModelName model, VersionName version, string reason);

    [LoggerMessage(4, LogLevel.Warning, "The model server {Server} does not say what it has loaded: {Reason}")]
    public static partial void NoAnswer(ILogger logger, Uri server, string reason);
}
