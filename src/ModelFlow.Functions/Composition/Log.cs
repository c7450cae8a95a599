using Microsoft.Extensions.Logging;

namespace ModelFlow.Functions.Composition;

internal static partial class Log
{
    [LoggerMessage(4001, LogLevel.Warning, "The admin token '{Name}' was made from AzureHost:FirstAdminToken. Make people's own tokens with it, then take the setting away.")]
    public static partial void FirstAdminTokenMade(this ILogger logger, string name);
}
