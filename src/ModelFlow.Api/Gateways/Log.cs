using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;

namespace ModelFlow.Api.Gateways;

internal static partial class Log
{
    [LoggerMessage(3201, LogLevel.Warning, "Gateway {Gateway} did not take the route of {Model}, generation {Generation}: {Reason}; it polls")]
    public static partial void PushFailed(ILogger logger, Uri gateway, ModelName model, long generation, string reason);

    [LoggerMessage(3202, LogLevel.Warning, "Gateway {Gateway} refused the route of {Model}, generation {Generation}, with {Status}")]
    public static partial void PushRefused(ILogger logger, Uri gateway, ModelName model, long generation, int status);

    [LoggerMessage(3203, LogLevel.Warning, "The gateways that reported lately could not be read; only configured ones are told")]
    public static partial void GatewaysUnknown(ILogger logger, Exception exception);
}
