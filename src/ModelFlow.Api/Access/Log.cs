using System.Net;
using Microsoft.Extensions.Logging;

namespace ModelFlow.Api.Access;

internal static partial class Log
{
    [LoggerMessage(3001, LogLevel.Warning, "Authentication from {Address} failed: the token is {Reason}")]
    public static partial void AuthenticationFailed(ILogger logger, IPAddress? address, string reason);
}
