using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Control;

/// <summary>What the gateway asks of the control plane. No failure is an exception: the gateway lives without it.</summary>
internal sealed class ControlPlaneClient : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly HttpClient? _http;
    private EntityTagHeaderValue? _etag;

    public ControlPlaneClient(IOptions<GatewayOptions> options)
    {
        if (options.Value.ControlPlane is not { } address)
        {
            return;
        }

        _http = new HttpClient(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
        {
            BaseAddress = new Uri(address.AbsoluteUri.TrimEnd('/') + "/"),
            Timeout = Patience,
        };
        if (options.Value.ControlPlaneToken is { } token)
        {
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        }
    }

    /// <summary>Whether there is a control plane to ask.</summary>
    public bool IsConfigured => _http is not null;

    /// <summary>Sends a report.</summary>
    public async Task<SendReport> ReportAsync(GatewayReport report, CancellationToken cancellationToken)
    {
        try
        {
            using var answer = await _http!.PostAsJsonAsync("api/gateway/reports", report, CoreJson.Options, cancellationToken);
            return answer.StatusCode switch
            {
                _ when answer.IsSuccessStatusCode => new SendReport.Taken(),
                HttpStatusCode.BadRequest or HttpStatusCode.RequestEntityTooLarge => new SendReport.Refused(await answer.Content.ReadAsStringAsync(cancellationToken)),
                var status => new SendReport.Failed($"answered {(int)status}"),
            };
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            return new SendReport.Failed(e.Message);
        }
    }

    /// <summary>Asks for all routes.</summary>
    public async Task<PollRoutes> PollAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, "api/gateway/routes");
            if (_etag is not null)
            {
                request.Headers.IfNoneMatch.Add(_etag);
            }

            using var answer = await _http!.SendAsync(request, cancellationToken);
            if (answer.StatusCode == HttpStatusCode.NotModified)
            {
                return new PollRoutes.Unchanged();
            }

            if (!answer.IsSuccessStatusCode)
            {
                return new PollRoutes.Failed($"answered {(int)answer.StatusCode}");
            }

            var routes = await answer.Content.ReadFromJsonAsync<GatewayRoutes>(CoreJson.Options, cancellationToken);
            _etag = answer.Headers.ETag;
            return routes is null ? new PollRoutes.Failed("answered nothing") : new PollRoutes.Found(routes.Routes, ReadNow(answer.Headers));
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or JsonException)
        {
            return new PollRoutes.Failed(e.Message);
        }
    }

    /// <summary>Makes the next poll bring all routes.</summary>
    public void Forget() => _etag = null;

    public void Dispose() => _http?.Dispose();

    private static DateTimeOffset? ReadNow(HttpResponseHeaders headers) =>
        headers.TryGetValues(GatewayRoutes.NowHeader, out var values) && DateTimeOffset.TryParse(values.First(), out var now) ? now : null;
}

/// <summary>The outcome of sending a report.</summary>
internal abstract record SendReport
{
    private SendReport()
    {
    }

    /// <summary>It is stored.</summary>
    public sealed record Taken : SendReport;

    /// <summary>The control plane understands it and will never take it.</summary>
    public sealed record Refused(string Reason) : SendReport;

    /// <summary>To be sent again.</summary>
    public sealed record Failed(string Reason) : SendReport;
}

/// <summary>The outcome of asking for routes.</summary>
internal abstract record PollRoutes
{
    private PollRoutes()
    {
    }

    /// <summary>The routes, and the control plane's time.</summary>
    public sealed record Found(IReadOnlyList<ServedRoute> Routes, DateTimeOffset? Now) : PollRoutes;

    /// <summary>As the last time.</summary>
    public sealed record Unchanged : PollRoutes;

    /// <summary>No answer that can be used.</summary>
    public sealed record Failed(string Reason) : PollRoutes;
}
