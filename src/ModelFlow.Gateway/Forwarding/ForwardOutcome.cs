using ModelFlow.Gateway.Measuring;
using Yarp.ReverseProxy.Forwarder;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>How a forwarded request ended, and whose fault it was.</summary>
internal static class ForwardOutcome
{
    public static RequestOutcome Of(HttpContext context, ForwarderError error)
    {
        if (error == ForwarderError.None)
        {
            return context.Response.StatusCode switch
            {
                >= 500 => RequestOutcome.UpstreamError,
                >= 400 => RequestOutcome.ClientError,
                _ => RequestOutcome.Answered,
            };
        }

        if (context.RequestAborted.IsCancellationRequested)
        {
            return RequestOutcome.ClientAbort;
        }

        return error switch
        {
            ForwarderError.RequestBodyClient or ForwarderError.ResponseBodyClient => RequestOutcome.ClientAbort,
            ForwarderError.Request or ForwarderError.RequestTimedOut when NotConnected(context) => RequestOutcome.ConnectError,
            ForwarderError.RequestTimedOut or ForwarderError.RequestCanceled or ForwarderError.RequestBodyCanceled or ForwarderError.ResponseBodyCanceled => RequestOutcome.Timeout,
            _ => RequestOutcome.UpstreamError,
        };
    }

    /// <summary>The answer for a request that failed before one began.</summary>
    public static Problem ProblemOf(HttpContext context, RequestOutcome outcome, string version, int maxBodyBytes) => outcome switch
    {
        RequestOutcome.ConnectError => Problem.BadGateway($"The server of version {version} takes no connection."),
        RequestOutcome.Timeout => Problem.GatewayTimeout($"The server of version {version} was silent for too long."),
        RequestOutcome.ClientAbort when Find(Error(context), StatusCodes.Status413PayloadTooLarge) is not null => Problem.TooLarge(maxBodyBytes),
        RequestOutcome.ClientAbort when Find(Error(context), StatusCodes.Status400BadRequest) is { } e => Problem.Invalid(e.Message),
        RequestOutcome.ClientAbort => Problem.Invalid("The request's body broke off."),
        _ => Problem.BadGateway($"The server of version {version} broke off before it answered."),
    };

    // No connection came about, so nothing of the request was sent. A connect time-out is a cancellation with a time-out inside.
    private static bool NotConnected(HttpContext context) => Error(context) switch
    {
        HttpRequestException e => e.HttpRequestError is HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError,
        OperationCanceledException e => e.InnerException is TimeoutException,
        _ => false,
    };

    private static BadHttpRequestException? Find(Exception? e, int status) => e switch
    {
        null => null,
        BadHttpRequestException bad when bad.StatusCode == status => bad,
        AggregateException all => all.InnerExceptions.Select(inner => Find(inner, status)).FirstOrDefault(found => found is not null),
        _ => Find(e.InnerException, status),
    };

    private static Exception? Error(HttpContext context) => context.Features.Get<IForwarderErrorFeature>()?.Exception;
}
