using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;

namespace ModelFlow.Orchestration.Notifications;

internal static partial class Log
{
    [LoggerMessage(1401, LogLevel.Warning, "What happened to {Release} could not be entered for its subscriptions; it is caught up with.")]
    public static partial void NotEntered(this ILogger logger, Exception exception, ReleaseId release);

    [LoggerMessage(1402, LogLevel.Warning, "Message {Message} did not arrive at {Subscription} ({Error}); next try: {NextTry}.")]
    public static partial void NotDelivered(this ILogger logger, string message, string subscription, string error, DateTimeOffset? nextTry);
}
