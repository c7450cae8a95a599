using Microsoft.Extensions.Logging;

namespace ModelFlow.Api.SignIn;

internal static partial class Log
{
    [LoggerMessage(3301, LogLevel.Warning, "Signing in with {Scheme} failed: {Kind}")]
    public static partial void SignInFailed(ILogger logger, string scheme, string kind);
}
