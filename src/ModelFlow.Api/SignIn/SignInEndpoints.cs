using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Sessions;

namespace ModelFlow.Api.SignIn;

/// <summary>Where browsers begin to sign in with a provider. What the provider sends back is answered by its scheme, at <c>…/callback</c>.</summary>
internal static class SignInEndpoints
{
    public static void MapSignIn(this IEndpointRouteBuilder endpoints)
    {
        foreach (var way in endpoints.ServiceProvider.GetRequiredService<IOptions<SignInWays>>().Value.All)
        {
            endpoints.MapGet(way.Address, (HttpContext context, SessionCookie cookie, IOptionsMonitor<OpenIdConnectOptions> options) => BeginAsync(context, way, cookie, options.Get(way.Scheme))).AllowEverybody().ExcludeFromDescription();
        }
    }

    /// <summary>Answers a sign-in that failed.</summary>
    public static Task FailAsync(RemoteFailureContext context)
    {
        var services = context.HttpContext.RequestServices;
        var kind = context.Failure?.GetType().Name ?? "no reason";
        Log.SignInFailed(services.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SignInEndpoints).FullName!), context.Scheme.Name, kind); // a class has a name
        context.HandleResponse();
        return Problem.SignInFailed(context.HttpContext.Features.Get<AuthenticationFailure>()?.Reason).ExecuteAsync(context.HttpContext);
    }

    private static async Task<IResult> BeginAsync(HttpContext context, SignInWay way, SessionCookie cookie, OpenIdConnectOptions provider)
    {
        if (cookie.Obstacle(context.Request) is { } obstacle)
        {
            return obstacle;
        }

        var back = context.Request.Query["return"] is [{ } path] ? path : "/";
        if (!IsOwnPath(back))
        {
            return Problem.Invalid("return", "must be a path of this host, beginning with one '/'.");
        }

        try
        {
            await provider.ConfigurationManager!.GetConfigurationAsync(context.RequestAborted); // made of the metadata's address
        }
        catch (InvalidOperationException)
        {
            return Problem.Unavailable("The provider of identities does not answer.");
        }

        return TypedResults.Challenge(new AuthenticationProperties { RedirectUri = back }, [way.Scheme]);
    }

    // '//host' and '/\host' are other hosts to a browser.
    private static bool IsOwnPath(string path) =>
        path.StartsWith('/') && !path.StartsWith("//", StringComparison.Ordinal) && !path.Contains('\\') && !path.Any(char.IsControl);
}
