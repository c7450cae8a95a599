using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Api.Gateways;

/// <summary>
/// Pushes routes to ModelFlow's gateways over HTTP, all at once: to those that are configured and to those that were heard of lately.
/// A push is for speed only; a gateway that misses it polls.
/// </summary>
public sealed class HttpTrafficRouter(ITrafficWindows windows, IOptions<GatewayPushOptions> options, TimeProvider time, ILogger<HttpTrafficRouter> logger)
    : ITrafficRouter, IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <inheritdoc/>
    public async Task<PushedRoute> PushAsync(ServedRoute route, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(route);
        using var patience = new CancellationTokenSource(options.Value.Patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        var gateways = await FindAsync(either.Token, cancellationToken);
        if (options.Value.ControlSecret is not { } secret)
        {
            return new PushedRoute(0, gateways.Count);
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(route, CoreJson.Options);
        var answers = await Task.WhenAll(gateways.Select(g => PushAsync(g, route, body, secret, either.Token)));
        cancellationToken.ThrowIfCancellationRequested();
        return new PushedRoute(answers.Count(confirmed => confirmed), gateways.Count);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    private async Task<IReadOnlyCollection<Uri>> FindAsync(CancellationToken patience, CancellationToken cancellationToken)
    {
        var gateways = new HashSet<Uri>(options.Value.Addresses);
        try
        {
            var heard = await windows.ListGatewaysAsync(time.GetUtcNow() - options.Value.KnownFor, patience);
            gateways.UnionWith(heard.Select(g => g.Control));
        }
        catch (Exception e) when (e is StorageException or OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Log.GatewaysUnknown(logger, e);
        }

        return gateways;
    }

    private async Task<bool> PushAsync(Uri gateway, ServedRoute route, byte[] body, string secret, CancellationToken cancellationToken)
    {
        try
        {
            using var content = new ByteArrayContent(body);
            content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
            using var request = new HttpRequestMessage(HttpMethod.Put, new Uri(gateway, $"/control/routes/{route.Route.Model}")) { Content = content };
            var now = time.GetUtcNow().ToString("O");
            request.Headers.Add(GatewayRoutes.NowHeader, now);
            request.Headers.Authorization = new AuthenticationHeaderValue(PushSignature.Scheme, PushSignature.Of(secret, now, body));
            using var answer = await _http.SendAsync(request, cancellationToken);

            // A gateway with a newer generation refuses this one with 409: it serves nothing older either.
            if (answer.IsSuccessStatusCode || answer.StatusCode == HttpStatusCode.Conflict)
            {
                return true;
            }

            Log.PushRefused(logger, gateway, route.Route.Model, route.Route.Generation, (int)answer.StatusCode);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            Log.PushFailed(logger, gateway, route.Route.Model, route.Route.Generation, e.Message);
        }

        return false;
    }
}

/// <summary>Registers <see cref="HttpTrafficRouter"/>.</summary>
public static class HttpTrafficRouterServices
{
    /// <summary>Adds <see cref="HttpTrafficRouter"/> as the <see cref="ITrafficRouter"/>, with options from the section <c>Gateways</c>.</summary>
    public static IServiceCollection AddHttpTrafficRouter(this IServiceCollection services)
    {
        services.AddOptions<GatewayPushOptions>().BindConfiguration("Gateways").ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<GatewayPushOptions>, GatewayPushOptionsValidator>());
        services.AddSingleton<ITrafficRouter, HttpTrafficRouter>();
        return services;
    }
}
