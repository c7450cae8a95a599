using System.Diagnostics;
using System.Text.Json;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing.Product;

namespace ModelFlow.Gateway.Tests.Support;

/// <summary>The gateway's program as a process of its own, which can be killed.</summary>
internal sealed class GatewayProcess : IAsyncDisposable
{
    private readonly Process _process;

    private GatewayProcess(Process process, Uri clients, Uri control)
    {
        _process = process;
        Clients = new HttpClient(new SocketsHttpHandler { UseProxy = false, ActivityHeadersPropagator = null }) { BaseAddress = clients };
        Control = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = control };
    }

    /// <summary>Where clients call.</summary>
    public HttpClient Clients { get; }

    /// <summary>Where the control plane and Prometheus call.</summary>
    public HttpClient Control { get; }

    /// <summary>Starts it and waits until it answers.</summary>
    public static async Task<GatewayProcess> StartAsync(string folder, ControlPlane? plane = null, IReadOnlyDictionary<string, string>? settings = null)
    {
        var (clients, control) = (Upstream.ClosedPort(), Upstream.ClosedPort());
        var start = new ProcessStartInfo(Programs.Path("ModelFlow.Gateway", "modelflow-gateway")) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        var values = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Gateway__Name"] = "gw-process",
            ["Gateway__Listen"] = clients.GetLeftPart(UriPartial.Authority),
            ["Gateway__ControlListen"] = control.GetLeftPart(UriPartial.Authority),
            ["Gateway__DataDirectory"] = folder,
            ["Gateway__Anonymous"] = "true",
            ["Gateway__ControlSecret"] = RunningGateway.Secret,
            ["Gateway__ReportEvery"] = "00:00:00.2",
            ["Gateway__PollEvery"] = "00:00:00.5",
            ["Gateway__Health__CheckEvery"] = "00:00:00",
        };
        if (plane is not null)
        {
            values["Gateway__ControlPlane"] = plane.Address.ToString();
            values["Gateway__ControlPlaneToken"] = ControlPlane.Token;
        }

        foreach (var (key, value) in values.Concat(settings ?? new Dictionary<string, string>(StringComparer.Ordinal)))
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start)!; // A new program is a new process.
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        var gateway = new GatewayProcess(process, clients, control);
        await Eventually.TrueAsync(gateway.AnswersAsync, "the gateway answers", seconds: 60);
        return gateway;
    }

    /// <summary>Pushes a route.</summary>
    public async Task PushAsync(ServedRoute route)
    {
        using var request = RunningGateway.Push(JsonSerializer.Serialize(route, CoreJson.Options));
        using var answer = await Control.SendAsync(request, TestContext.Current.CancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>Sends an inference and answers the version that did it; null if nothing answered.</summary>
    public async Task<string?> InferAsync(string? key = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/models/digits/v2/infer") { Content = new StringContent("{}") };
        if (key is not null)
        {
            request.Headers.Add("x-modelflow-key", key);
        }

        try
        {
            using var answer = await Clients.SendAsync(request, TestContext.Current.CancellationToken);
            return answer.IsSuccessStatusCode ? answer.Headers.GetValues("x-modelflow-version").Single() : null;
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    /// <summary>Ends it at once, without a chance to write anything: on Unix this is SIGKILL.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
        Clients.Dispose();
        Control.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        Assert.False(_process.HasExited, "the gateway ended");
        try
        {
            using var answer = await Control.GetAsync("/health/live", TestContext.Current.CancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
