using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Problems;

namespace ModelFlow.Api.Access;

/// <summary>
/// Lets each identity send so many requests, whatever it signs in with. Gateways are let pass: what they report decides over releases, and must not be late. Strangers reach only what is open to all.
/// </summary>
internal sealed class RequestLimit(RequestDelegate next, TimeProvider time, IOptions<ApiOptions> options)
{
    private readonly Buckets<string> _buckets = new(time, options.Value.RequestBurst, options.Value.RequestsPerSecond);

    public Task InvokeAsync(HttpContext context)
    {
        var gateways = context.GetEndpoint()?.Metadata.GetMetadata<AccessRule>() is AccessRule.OfRole { Needed: Role.Gateway };
        return !gateways && context.User.Identity is { IsAuthenticated: true, Name: { } name } && _buckets.Take(name) is { } wait
            ? Problem.TooManyRequests(name, wait).ExecuteAsync(context)
            : next(context);
    }
}
