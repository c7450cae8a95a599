using Microsoft.Extensions.Logging;

namespace ModelFlow.Orchestration.Auditing;

internal static partial class Log
{
    [LoggerMessage(1501, LogLevel.Error, "The chain {Chain} is not what was anchored before (seen by anchor {Number}): entries were changed or cut off outside ModelFlow. Run 'modelflow audit verify'.")]
    public static partial void ChainDisagrees(this ILogger logger, string chain, int number);
}
