using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using ModelFlow.EndToEnd.Product;
using ModelFlow.Testing.Azurite;
using ModelFlow.Testing.Product;

namespace ModelFlow.EndToEnd.Azure;

/// <summary>
/// The product on a Functions host: Azurite, gateway and model server as processes, and stand-ins for Event Grid and for the cluster that evaluations run on. The
/// sweep of uploads is off, so that what is taken in was told by an event.
/// </summary>
internal sealed class AzureInstallation : IAsyncDisposable
{
    private const string SystemKey = "the-system-key-of-the-blob-extension";
    private const string ServingSecret = "the-control-secret-of-the-model-server";
    private const string GatewaySecret = "the-control-secret-of-the-gateway";
    private const string InferenceKey = "the-key-of-a-client-of-the-gateway";
    private const string AdminToken = "mf_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    private const int StartSeconds = 240;

    private readonly List<int> _ports = [];
    private readonly List<Process> _programs = [];
    private readonly Dictionary<string, string> _settings = new(StringComparer.Ordinal);
    private readonly int _port;
    private AzuriteProcess? _azurite;
    private BlobEvents? _events;
    private FunctionsHost? _host;
    private JobCluster? _cluster;

    private AzureInstallation() => _port = Port();

    /// <summary>To use it over HTTP and blob uploads, as an installation of the embedded host.</summary>
    public Installation Use { get; } = new();

    /// <summary>How many containers were started for evaluations.</summary>
    public int Containers => _cluster?.Started ?? 0;

    /// <summary>What the host said lately.</summary>
    public string HostOutput => _host?.Output ?? "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Starts everything; skips the test that asks where there is no Functions host.</summary>
    public static async Task<AzureInstallation> StartAsync()
    {
        Assert.SkipWhen(FunctionsHost.Missing is not null, FunctionsHost.Missing ?? "");
        var made = new AzureInstallation();
        try
        {
            await made.RunAsync();
        }
        catch
        {
            await made.DisposeAsync();
            throw;
        }

        return made;
    }

    /// <summary>Kills host and worker, and starts them again on the same storage and port.</summary>
    public async Task KillAndStartAgainAsync()
    {
        await _host!.KillAsync(); // Set by StartAsync.
        await _host.DisposeAsync();
        await StartHostAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var part in new IAsyncDisposable?[] { _events, _host, _cluster })
        {
            await (part?.DisposeAsync() ?? ValueTask.CompletedTask);
        }

        foreach (var program in _programs)
        {
            program.Kill(entireProcessTree: true);
            await program.WaitForExitAsync(CancellationToken.None);
            program.Dispose();
        }

        await (_azurite?.DisposeAsync() ?? ValueTask.CompletedTask);
        await Use.DisposeAsync();
    }

    private async Task RunAsync()
    {
        _azurite = await AzuriteProcess.StartAsync(folder: null, Cancel);
        var storage = $"{_azurite.ConnectionString}QueueEndpoint={_azurite.QueueEndpoint};";
        var (serving, gateway, control) = (Port(), Port(), Port());
        _cluster = new JobCluster(Path.Combine(Use.Folder, "jobs"), Port());
        foreach (var (name, value) in new[]
        {
            ("AzureWebJobsStorage", storage), ("Uploads", storage), ("Storage__ConnectionString", storage), ("TASKHUB_NAME", "modelflow"), ("AzureHost__FirstAdminToken", AdminToken),
            ("ModelServers__Endpoints__0", Address(serving)), ("ModelServers__ControlSecret", ServingSecret), ("Gateways__Addresses__0", Address(control)), ("Gateways__ControlSecret", GatewaySecret),
            ("KUBECONFIG", _cluster.KubeConfig), ("KubernetesEvaluation__Image", $"registry.example/evaluator@sha256:{new string('0', 64)}"), ("KubernetesEvaluation__Gpus", "0"),
            ("KubernetesEvaluation__PollEvery", "00:00:05"), ("AzureWebJobs.SweepUploads.Disabled", "true"),
        })
        {
            _settings[name] = value;
        }

        var credentials = new JsonObject
        {
            ["api"] = Address(_port), ["token"] = AdminToken, ["storageConnectionString"] = storage, ["gateway"] = Address(gateway), ["inferenceKey"] = InferenceKey,
        };
        await File.WriteAllTextAsync(Path.Combine(Use.Folder, "credentials.json"), credentials.ToJsonString(), Cancel);
        Start("ModelFlow.Serving", "modelflow-serving", new()
        {
            ["Serving__Address"] = "127.0.0.1", ["Serving__Port"] = serving.ToString(CultureInfo.InvariantCulture), ["Serving__DataDirectory"] = Path.Combine(Use.Folder, "serving"),
            ["Serving__ControlSecret"] = ServingSecret,
        });
        await StartHostAsync();
        Start("ModelFlow.Gateway", "modelflow-gateway", new()
        {
            ["Gateway__Name"] = "local", ["Gateway__Listen"] = Address(gateway), ["Gateway__ControlListen"] = Address(control), ["Gateway__ControlAddress"] = Address(control),
            ["Gateway__ControlSecret"] = GatewaySecret, ["Gateway__ControlPlane"] = Address(_port), ["Gateway__ControlPlaneToken"] = await Use.TokenAsync("gateway", "gateway"),
            ["Gateway__DataDirectory"] = Path.Combine(Use.Folder, "gateway"), ["Gateway__ClientKeys__0__Name"] = "local",
            ["Gateway__ClientKeys__0__Sha256"] = $"sha256:{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(InferenceKey)))}",
        });
        _events = new BlobEvents(storage, new Uri(Address(_port)), SystemKey);
    }

    private async Task StartHostAsync()
    {
        _host = FunctionsHost.Launch(_port, Path.Combine(Use.Folder, "functions"), SystemKey, _settings);
        await Installation.UntilAsync(AnswersAsync, StartSeconds, () => $"the Functions host does not answer:\n{_host.Output}");
    }

    private async Task<bool> AnswersAsync()
    {
        Assert.False(_host!.HasEnded, _host.Output); // Set by who asks.
        try
        {
            using var http = new HttpClient();
            using var answer = await http.GetAsync(new Uri($"{Address(_port)}/api/models"), Cancel);
            return answer.StatusCode == HttpStatusCode.Unauthorized;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private void Start(string project, string program, Dictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(Programs.Path(project, program)) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var started = Process.Start(start)!; // Not by the shell: there is one, or it throws.
        started.BeginOutputReadLine();
        started.BeginErrorReadLine();
        _programs.Add(started);
    }

    private static string Address(int port) => string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}");

    // Below the range that systems give outgoing connections ports from: it is still free when the host starts again.
    private int Port()
    {
        while (true)
        {
            var port = RandomNumberGenerator.GetInt32(20_000, 32_000);
            try
            {
                using var listener = new TcpListener(IPAddress.Loopback, port);
                listener.Start();
                if (!_ports.Contains(port))
                {
                    _ports.Add(port);
                    return port;
                }
            }
            catch (SocketException)
            {
                // Taken.
            }
        }
    }
}
