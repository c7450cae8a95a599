using ModelFlow.Core.Naming;

namespace ModelFlow.Serving;

/// <summary>What the server logs. Never a file's address: it may be a grant.</summary>
internal static partial class Log
{
    [LoggerMessage(1, LogLevel.Information, "Loaded {Model} {Version}: {Bytes} bytes in {Milliseconds:0} ms; the process grew by {MemoryBytes} bytes")]
    public static partial void Loaded(ILogger logger, ModelName model, VersionName version, long bytes, double milliseconds, long memoryBytes);

    [LoggerMessage(2, LogLevel.Information, "Unloaded {Model} {Version} in {Milliseconds:0} ms")]
    public static partial void Unloaded(ILogger logger, ModelName model, VersionName version, double milliseconds);

    [LoggerMessage(3, LogLevel.Warning, "Refused to load {Model} {Version}: {Reason}")]
    public static partial void LoadRefused(ILogger logger, ModelName model, VersionName version, string reason);

    [LoggerMessage(4, LogLevel.Error, "{Model} {Version} was loaded before the restart and cannot be loaded again: {Outcome}")]
    public static partial void ReloadFailed(ILogger logger, ModelName model, VersionName version, string outcome);

    [LoggerMessage(5, LogLevel.Error, "The list of loaded versions could not be read and was set aside as {Path}; nothing is loaded again")]
    public static partial void IndexUnreadable(ILogger logger, string path, Exception exception);

    [LoggerMessage(6, LogLevel.Information, "Ready: {Count} versions loaded")]
    public static partial void Ready(ILogger logger, int count);

    [LoggerMessage(7, LogLevel.Warning, "{Model} {Version} failed: {Reason}")]
    public static partial void InferenceFailed(ILogger logger, string model, string version, string reason);

    [LoggerMessage(8, LogLevel.Error, "{Method} {Path} failed inside the server")]
    public static partial void RequestFailed(ILogger logger, string method, string path, Exception exception);

    [LoggerMessage(10, LogLevel.Error, "{Model} {Version} cannot be kept on disk")]
    public static partial void DiskFailed(ILogger logger, ModelName model, VersionName version, Exception exception);

    [LoggerMessage(11, LogLevel.Error, "The list of loaded versions cannot be written")]
    public static partial void IndexNotWritten(ILogger logger, Exception exception);

    [LoggerMessage(12, LogLevel.Warning, "The engine of {Name} ended and is started again: {Ending}")]
    public static partial void EngineEnded(ILogger logger, string name, string ending);

    [LoggerMessage(13, LogLevel.Error, "The engine of {Name} cannot be started again: {Reason}")]
    public static partial void EngineNotRestarted(ILogger logger, string name, string reason);

    [LoggerMessage(9, LogLevel.Debug, "{Model} {Version} answered {Status} in {Milliseconds:0.0} ms")]
    public static partial void Answered(ILogger logger, string model, string version, int status, double milliseconds);
}
