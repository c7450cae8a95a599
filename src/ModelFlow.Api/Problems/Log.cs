using Microsoft.Extensions.Logging;

namespace ModelFlow.Api.Problems;

internal static partial class Log
{
    [LoggerMessage(3101, LogLevel.Error, "{Method} {Path} failed")]
    public static partial void RequestFailed(ILogger logger, Exception exception, string method, string path);
}
