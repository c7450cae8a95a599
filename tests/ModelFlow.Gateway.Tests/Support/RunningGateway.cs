using System.Net;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Tests.Support;

/// <summary>A gateway on a real socket, with a folder of its own unless one is given.</summary>
internal sealed class RunningGateway : IAsyncDisposable
{
    public const string Secret = "push-secret-of-tests";

    public static readonly ModelName Digits = ModelName.Parse("digits");
    public static readonly VersionName Stable = VersionName.Parse("v1.0.0-base");
    public static readonly VersionName Candidate = VersionName.Parse("v1.1.0-mlp");

    private readonly WebApplication _app;
    private readonly string? _ownFolder;

    private RunningGateway(WebApplication app, string? ownFolder)
    {
        _app = app;
        _ownFolder = ownFolder;
        Http = new HttpClient(new SocketsHttpHandler { UseCookies = false }) { BaseAddress = new Uri(app.Urls.First()) };
    }

    public HttpClient Http { get; }

    public IServiceProvider Services => _app.Services;

    public static async Task<RunningGateway> StartAsync(
        Action<Dictionary<string, string?>>? settings = null, ControlPlane? plane = null, string? folder = null, TimeProvider? time = null)
    {
        var own = folder is null ? Directory.CreateTempSubdirectory("gateway-test-").FullName : null;
        var values = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["Gateway:Name"] = "gw-1",
            ["Gateway:Listen"] = "http://127.0.0.1:0",
            ["Gateway:DataDirectory"] = folder ?? own,
            ["Gateway:Anonymous"] = "true",
            ["Gateway:ControlSecret"] = Secret,
            ["Gateway:ControlPlane"] = plane?.Address.ToString(),
            ["Gateway:ControlPlaneToken"] = ControlPlane.Token,
            ["Gateway:ReportEvery"] = "00:00:00.2",
            ["Gateway:PollEvery"] = "00:00:00.2",
            ["Gateway:Health:CheckEvery"] = "00:00:00",
        };
        settings?.Invoke(values);
        var app = GatewayHost.Build([], builder =>
        {
            builder.Configuration.AddInMemoryCollection(values);
            builder.Logging.ClearProviders();
            if (time is not null)
            {
                builder.Services.AddSingleton(time);
            }
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RunningGateway(app, own);
    }

    public static ServedRoute Route(long generation, Uri? stable, Uri? candidate = null, int weight = 0, DateTimeOffset? lease = null, string salt = "s")
    {
        var endpoints = new Dictionary<VersionName, IReadOnlyList<Uri>>();
        if (stable is not null)
        {
            endpoints[Stable] = [stable];
        }

        if (candidate is not null)
        {
            endpoints[Candidate] = [candidate];
        }

        return new ServedRoute(
            new Route
            {
                Model = Digits,
                Generation = generation,
                Stable = Stable,
                Candidates = candidate is null && weight == 0 ? [] : [new Candidate(Candidate, new Weight(weight))],
                Salt = salt,
                Step = weight == 0 ? null : 0,
                Cause = "test#" + generation,
                At = DateTimeOffset.UnixEpoch,
            },
            lease ?? DateTimeOffset.UtcNow.AddMinutes(5),
            endpoints);
    }

    /// <summary>A route of stable alone, on several replicas.</summary>
    public static ServedRoute Replicas(long generation, params Uri[] replicas) =>
        Route(generation, null) with { Endpoints = new Dictionary<VersionName, IReadOnlyList<Uri>> { [Stable] = replicas } };

    public async Task<HttpStatusCode> PushAsync(ServedRoute route, string? secret = Secret, DateTimeOffset? theirNow = null)
    {
        using var request = Push(JsonSerializer.Serialize(route, CoreJson.Options), secret, theirNow);
        using var answer = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return answer.StatusCode;
    }

    /// <summary>A push as the host signs it; without a secret it has no signature.</summary>
    public static HttpRequestMessage Push(string body, string? secret = Secret, DateTimeOffset? theirNow = null)
    {
        var now = (theirNow ?? DateTimeOffset.UtcNow).ToString("O");
        var request = new HttpRequestMessage(HttpMethod.Put, "/control/routes/digits") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add(GatewayRoutes.NowHeader, now);
        request.Headers.Authorization = secret is null ? null : new(PushSignature.Scheme, PushSignature.Of(secret, now, Encoding.UTF8.GetBytes(body)));
        return request;
    }

    /// <summary>Asks for an inference.</summary>
    public async Task<Answer> InferAsync(string? key = null, string? pin = null, string? bearer = null, string body = "{}", string? slice = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer") { Content = new StringContent(body) };
        if (key is not null)
        {
            request.Headers.Add("x-modelflow-key", key);
        }

        if (pin is not null)
        {
            request.Headers.Add("x-modelflow-version", pin);
        }

        if (slice is not null)
        {
            request.Headers.Add("x-modelflow-slice", slice);
        }

        request.Headers.Authorization = bearer is null ? null : new("Bearer", bearer);
        using var answer = await Http.SendAsync(request, TestContext.Current.CancellationToken);
        return new Answer(
            answer.StatusCode,
            await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken),
            answer.Headers.TryGetValues("x-modelflow-version", out var v) ? VersionName.Parse(v.Single()) : null,
            answer.Headers.TryGetValues("x-modelflow-request-id", out var id) ? id.Single() : null);
    }

    public async ValueTask DisposeAsync()
    {
        Http.Dispose();
        await _app.StopAsync(CancellationToken.None);
        await _app.DisposeAsync();
        if (_ownFolder is not null)
        {
            Directory.Delete(_ownFolder, recursive: true);
        }
    }

    internal sealed record Answer(HttpStatusCode Status, string Body, VersionName? Version, string? RequestId);
}
