using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Gateways;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Api.Tests.Gateways;

public sealed class HttpTrafficRouterTests
{
    private const string Secret = "a secret of sixteen or more";

    private static readonly ModelName Digits = ModelName.Parse("digits");
    private static readonly ServedRoute Route = new(Samples.Route(Digits, 7), null, new Dictionary<VersionName, IReadOnlyList<Uri>>());

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Push_reachesEveryGatewayThatReportedAndThoseConfigured_once()
    {
        await using var reported = await Gateway.StartAsync();
        await using var configured = await Gateway.StartAsync();
        var windows = await HeardOfAsync(reported.Address, configured.Address);
        using var router = Router(windows, o => o.Addresses.Add(configured.Address));
        Assert.Equal(new PushedRoute(2, 2), await PushAsync(router));
        Assert.All([reported, configured], g => Assert.Equal((7, true), Assert.Single(g.Pushes)));
    }

    [Fact]
    public async Task Push_toAnyAddress_neverHasTheSecretInIt()
    {
        await using var anybody = await Gateway.StartAsync();
        using var router = Router(await HeardOfAsync(anybody.Address));
        await PushAsync(router);
        Assert.DoesNotContain(Secret, Assert.Single(anybody.Received), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Push_gatewayDeadOrRefusing_isKnownAndNotConfirmed()
    {
        await using var good = await Gateway.StartAsync();
        await using var broken = await Gateway.StartAsync(500);
        await using var newer = await Gateway.StartAsync(409);
        using var router = Router(await HeardOfAsync(good.Address, broken.Address, newer.Address, ClosedPort()));
        Assert.Equal(new PushedRoute(2, 4), await PushAsync(router));
    }

    [Fact]
    public async Task Push_gatewayHangs_answersAfterItsPatience()
    {
        await using var good = await Gateway.StartAsync();
        await using var hanging = await Gateway.StartAsync(hang: true);
        using var router = Router(await HeardOfAsync(good.Address, hanging.Address), o => o.Patience = TimeSpan.FromMilliseconds(500));
        Assert.Equal(new PushedRoute(1, 2), await PushAsync(router).WaitAsync(TimeSpan.FromSeconds(10), Cancel));
    }

    [Fact]
    public async Task Push_withoutASecret_sendsNothing()
    {
        await using var gateway = await Gateway.StartAsync();
        using var router = Router(await HeardOfAsync(gateway.Address), o => o.ControlSecret = null);
        Assert.Equal(new PushedRoute(0, 1), await PushAsync(router));
        Assert.Empty(gateway.Pushes);
    }

    [Fact]
    public async Task Push_cancelledByTheCaller_throws()
    {
        await using var gateway = await Gateway.StartAsync(hang: true);
        using var router = Router(await HeardOfAsync(gateway.Address), o => o.Patience = TimeSpan.FromSeconds(30));
        using var cancel = new CancellationTokenSource(TimeSpan.FromMilliseconds(200));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => router.PushAsync(Route, cancel.Token));
    }

    private static HttpTrafficRouter Router(InMemoryTrafficWindows windows, Action<GatewayPushOptions>? configure = null)
    {
        var options = new GatewayPushOptions { ControlSecret = Secret };
        configure?.Invoke(options);
        return new HttpTrafficRouter(windows, Options.Create(options), TimeProvider.System, NullLogger<HttpTrafficRouter>.Instance);
    }

    private static Task<PushedRoute> PushAsync(HttpTrafficRouter router) => router.PushAsync(Route, Cancel);

    private static async Task<InMemoryTrafficWindows> HeardOfAsync(params Uri[] gateways)
    {
        var windows = new InMemoryTrafficWindows();
        foreach (var gateway in gateways)
        {
            await windows.AddAsync(new GatewayReport(new GatewayHeartbeat($"gw-{gateway.Port}", DateTimeOffset.UtcNow, gateway, new Dictionary<ModelName, long>()), []), Cancel);
        }

        return windows;
    }

    private static Uri ClosedPort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return new Uri($"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}/");
    }

    /// <summary>The control door of a gateway, on a real socket.</summary>
    private sealed class Gateway(WebApplication app) : IAsyncDisposable
    {
        public Uri Address => new(app.Urls.First());

        public ConcurrentQueue<(long Generation, bool Signed)> Pushes { get; } = new();

        public ConcurrentQueue<string> Received { get; } = new();

        public static async Task<Gateway> StartAsync(int status = 204, bool hang = false)
        {
            var builder = WebApplication.CreateSlimBuilder();
            builder.Logging.ClearProviders();
            builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
            var app = builder.Build();
            var gateway = new Gateway(app);
            app.MapPut("/control/routes/digits", async (HttpContext context) =>
            {
                using var buffer = new MemoryStream();
                await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
                var body = buffer.ToArray();
                var (now, signature) = (context.Request.Headers[GatewayRoutes.NowHeader].ToString(), context.Request.Headers.Authorization.ToString());
                gateway.Received.Enqueue($"{string.Join('\n', context.Request.Headers)}\n{Encoding.UTF8.GetString(body)}");
                gateway.Pushes.Enqueue((JsonSerializer.Deserialize<ServedRoute>(body, CoreJson.Options)!.Route.Generation, PushSignature.Verify(Secret, now, body, signature)));
                if (hang)
                {
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                }

                context.Response.StatusCode = status;
            });
            await app.StartAsync(Cancel);
            return gateway;
        }

        public ValueTask DisposeAsync() => app.DisposeAsync();
    }
}
