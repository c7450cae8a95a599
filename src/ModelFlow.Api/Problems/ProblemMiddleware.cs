using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Problems;

/// <summary>The edge: whatever goes wrong within becomes problem details, and what has no body yet gets one.</summary>
internal sealed class ProblemMiddleware(RequestDelegate next, ILogger<ProblemMiddleware> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response is { ContentLength: null, ContentType: null }
                && Problem.ForStatus(context.Response.StatusCode, context) is { } problem)
            {
                await problem.ExecuteAsync(context);
            }
        }
#pragma warning disable CA1031 // The host's edge is the one place for a catch-all.
        catch (Exception e)
#pragma warning restore CA1031
        {
            if (context.RequestAborted.IsCancellationRequested)
            {
                // Nobody is there to read an answer.
                return;
            }

            var problem = ToProblem(e);
            if (problem.Status >= StatusCodes.Status500InternalServerError)
            {
                Log.RequestFailed(logger, e, context.Request.Method, context.Request.Path);
            }

            if (context.Response.HasStarted)
            {
                // Half an answer is out: the client must see that it is cut.
                context.Abort();
                return;
            }

            var allow = context.Response.Headers.Allow;
            context.Response.Clear();
            context.Response.Headers.Allow = allow;
            SecurityHeaders.Set(context.Response.Headers);
            await problem.ExecuteAsync(context);
        }
    }

    private static Problem ToProblem(Exception exception) => exception switch
    {
        RequestRefusedException refused => refused.Problem,
        BadHttpRequestException { StatusCode: StatusCodes.Status413PayloadTooLarge } => new Problem("body-too-large", StatusCodes.Status413PayloadTooLarge, "The body is too large.", "The body is larger than is allowed here.", "Send less."),
        BadHttpRequestException bad => Problem.Malformed(bad.Message) with { Status = bad.StatusCode },
        StorageException { IsTransient: true } or TimeoutException or HttpRequestException or IOException => Problem.Unavailable("Storage or a server behind this host did not answer in time."),
        _ => Problem.Internal(),
    };
}
