using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.RegularExpressions;
using ModelFlow.Benchmarks.Reporting;
using ModelFlow.Testing.Product;

namespace ModelFlow.Benchmarks.Gateway;

/// <summary>
/// The gateway, a bare YARP pass-through and nginx in front of the same upstream, in turns: each alone on one core, the load and the
/// upstream on another, 64 connections, 1 kB request and answer.
/// </summary>
internal sealed partial class GatewayBenchmark : IBenchmark
{
    private const int ProxyCore = 0;
    private const int OtherCore = 1;
    private const int SecondsPerTurn = 6;
    private const string Secret = "secret-of-the-bench";

    private const string LoadScript = """
        wrk.method = "POST"
        wrk.headers["Content-Type"] = "application/json"
        wrk.headers["x-modelflow-key"] = "user-1234"
        wrk.body = string.rep("x", 1024)
        """;

    public IReadOnlyList<string> Needs { get; } = ["wrk", "nginx"];

    public async Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-bench-");
        var running = new List<PinnedProcess>();
        try
        {
            var upstream = await StartUpstreamAsync(running);
            var yarp = await StartYarpAsync(running, upstream.Port);
            var nginx = await StartNginxAsync(running, upstream.Port, folder.FullName);
            var gateway = await StartGatewayAsync(running, upstream.Port, folder.FullName, cancellationToken);
            PinnedProcess[] proxies = [yarp, nginx, gateway];
            var script = Path.Combine(folder.FullName, "post.lua");
            await File.WriteAllTextAsync(script, LoadScript, cancellationToken);
            foreach (var proxy in proxies)
            {
                await LoadAsync(proxy, script, cancellationToken); // Warms up.
            }

            var throughput = proxies.ToDictionary(p => p, _ => new List<double>());
            var cpu = proxies.ToDictionary(p => p, _ => new List<double>());
            for (var i = 0; i < (rounds ?? 5); i++)
            {
                foreach (var proxy in proxies)
                {
                    var (requestsPerSecond, microseconds) = await LoadAsync(proxy, script, cancellationToken);
                    throughput[proxy].Add(requestsPerSecond);
                    cpu[proxy].Add(microseconds);
                }
            }

            foreach (var other in new[] { yarp, nginx })
            {
                var judged = ReferenceEquals(other, yarp);
                report.Compare("gateway: requests a second", new Samples(throughput[gateway]), other.Name, new Samples(throughput[other]), "0", judged ? new Target(AtLeast: 0.9) : null);
                report.Compare("gateway: µs of CPU a request", new Samples(cpu[gateway]), other.Name, new Samples(cpu[other]), "0.0", judged ? new Target(AtMost: 1.15) : null);
            }
        }
        finally
        {
            running.ForEach(p => p.Dispose());
            folder.Delete(recursive: true);
        }
    }

    private static async Task<PinnedProcess> StartUpstreamAsync(List<PinnedProcess> running) => await StartThisAsync(running, OtherCore, Servers.Upstream, []);

    private static Task<PinnedProcess> StartYarpAsync(List<PinnedProcess> running, int upstream) => StartThisAsync(running, ProxyCore, Servers.Yarp, [$"http://127.0.0.1:{upstream}/"]);

    private static async Task<PinnedProcess> StartThisAsync(List<PinnedProcess> running, int core, string kind, IEnumerable<string> more)
    {
        var port = PinnedProcess.FreePort();
        var process = await PinnedProcess.StartAsync(kind, core, port, Environment.ProcessPath!, ["serve", kind, port.ToString(CultureInfo.InvariantCulture), .. more]);
        running.Add(process);
        return process;
    }

    private static async Task<PinnedProcess> StartNginxAsync(List<PinnedProcess> running, int upstream, string folder)
    {
        var port = PinnedProcess.FreePort();
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off; master_process off; pid {{folder}}/nginx.pid; error_log stderr error;
            events { worker_connections 1024; }
            http {
              access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/f; uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
              keepalive_requests 100000000;
              upstream model { server 127.0.0.1:{{upstream}}; keepalive 128; keepalive_requests 100000000; }
              server {
                listen 127.0.0.1:{{port}};
                location / { proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection ""; }
              }
            }
            """);
        var process = await PinnedProcess.StartAsync("nginx", ProxyCore, port, DebianPrograms.Find("nginx"), ["-c", configuration, "-p", folder]);
        running.Add(process);
        return process;
    }

    private static async Task<PinnedProcess> StartGatewayAsync(List<PinnedProcess> running, int upstream, string folder, CancellationToken cancellationToken)
    {
        var port = PinnedProcess.FreePort();
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Gateway__Name"] = "bench",
            ["Gateway__Listen"] = $"http://127.0.0.1:{port}",
            ["Gateway__Anonymous"] = "true",
            ["Gateway__ControlSecret"] = Secret,
            ["Gateway__DataDirectory"] = folder,
        };
        var process = await PinnedProcess.StartAsync("gateway", ProxyCore, port, Programs.Path("ModelFlow.Gateway", "modelflow-gateway"), [], settings);
        running.Add(process);

        // A ramp in the middle, so that every request is counted and split.
        var route = $$"""
            { "route": { "model": "digits", "generation": 1, "stable": "v1.0.0", "candidates": [ { "version": "v1.1.0", "weight": 2500 } ],
                         "salt": "s", "cause": "bench", "at": "2026-01-01T00:00:00Z" },
              "leaseUntil": "2099-01-01T00:00:00Z",
              "endpoints": { "v1.0.0": [ "http://127.0.0.1:{{upstream}}/" ], "v1.1.0": [ "http://127.0.0.1:{{upstream}}/" ] } }
            """;
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Put, $"http://127.0.0.1:{port}/control/routes/digits") { Content = new StringContent(route, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", Secret);
        using var answer = await http.SendAsync(request, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return process;
    }

    private static async Task<(double RequestsPerSecond, double CpuMicroseconds)> LoadAsync(PinnedProcess proxy, string script, CancellationToken cancellationToken)
    {
        var before = proxy.CpuMicroseconds;
        var start = new ProcessStartInfo(
            "taskset",
            ["-c", $"{OtherCore}", "wrk", "-t1", "-c64", $"-d{SecondsPerTurn}s", "-s", script, $"http://127.0.0.1:{proxy.Port}/models/digits/v2/infer"])
        { RedirectStandardOutput = true, UseShellExecute = false };
        using var wrk = Process.Start(start)!;
        var said = await wrk.StandardOutput.ReadToEndAsync(cancellationToken);
        await wrk.WaitForExitAsync(cancellationToken);
        if (wrk.ExitCode != 0 || said.Contains("Non-2xx", StringComparison.Ordinal) || said.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException($"{proxy.Name}: {said}");
        }

        var requests = double.Parse(Requests().Match(said).Groups["count"].ValueSpan, CultureInfo.InvariantCulture);
        var perSecond = double.Parse(PerSecond().Match(said).Groups["rate"].ValueSpan, CultureInfo.InvariantCulture);
        return (perSecond, (proxy.CpuMicroseconds - before) / requests);
    }

    [GeneratedRegex("(?<count>[0-9]+) requests in", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Requests();

    [GeneratedRegex("Requests/sec: +(?<rate>[0-9.]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PerSecond();
}
