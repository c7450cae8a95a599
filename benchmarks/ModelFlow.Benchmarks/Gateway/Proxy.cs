using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using ModelFlow.Benchmarks.Reporting;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using ModelFlow.Testing.Product;

namespace ModelFlow.Benchmarks.Gateway;

/// <summary>Something that forwards to the upstream.</summary>
/// <param name="Process">Its process, alone on its core.</param>
/// <param name="Bearer">The key its clients send; null for none.</param>
/// <param name="AllocatedAsync">How many bytes it has allocated on .NET's heap so far; null where there is no such heap.</param>
internal sealed record Proxy(PinnedProcess Process, string? Bearer = null, Func<CancellationToken, Task<double>>? AllocatedAsync = null)
{
    private const string Secret = "secret-of-the-bench";
    private const string Key = "mf_key-of-the-bench";

    public string Name => Process.Name;

    /// <summary>The gateway in the middle of a ramp with everything on: keys, limits, sticky split, signed ids, windows, health, metrics.</summary>
    public static async Task<Proxy> GatewayAsync(int core, int upstream, string folder, CancellationToken cancellationToken)
    {
        var (port, control) = (PinnedProcess.FreePort(), PinnedProcess.FreePort());
        var settings = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["Gateway__Name"] = "bench",
            ["Gateway__Listen"] = $"http://127.0.0.1:{port}",
            ["Gateway__ControlListen"] = $"http://127.0.0.1:{control}",
            ["Gateway__ClientKeys__0__Name"] = "bench",
            ["Gateway__ClientKeys__0__Sha256"] = Sha256Digest.Of(Encoding.UTF8.GetBytes(Key)).ToString(),
            ["Gateway__Limits__Client__RequestsPerSecond"] = "1000000",
            ["Gateway__Limits__Client__Concurrent"] = "5000",
            ["Gateway__Limits__ConcurrentPerVersion"] = "5000",
            ["Gateway__ControlSecret"] = Secret,
            ["Gateway__DataDirectory"] = folder,
        };
        var process = await PinnedProcess.StartAsync("gateway", core, port, Programs.Path("ModelFlow.Gateway", "modelflow-gateway"), [], settings, control);
        var route = $$"""
            { "route": { "model": "digits", "generation": 1, "stable": "v1.0.0", "candidates": [ { "version": "v1.1.0", "weight": 2500 } ],
                         "salt": "s", "cause": "bench", "at": "2026-01-01T00:00:00Z" },
              "leaseUntil": "2099-01-01T00:00:00Z",
              "endpoints": { "v1.0.0": [ "http://127.0.0.1:{{upstream}}/" ], "v1.1.0": [ "http://127.0.0.1:{{upstream}}/" ] } }
            """;
        using var http = new HttpClient();
        using var request = new HttpRequestMessage(HttpMethod.Put, $"http://127.0.0.1:{control}/control/routes/digits") { Content = new StringContent(route, Encoding.UTF8, "application/json") };
        var now = DateTimeOffset.UtcNow.ToString("O");
        request.Headers.Add(GatewayRoutes.NowHeader, now);
        request.Headers.Authorization = new AuthenticationHeaderValue(PushSignature.Scheme, PushSignature.Of(Secret, now, Encoding.UTF8.GetBytes(route)));
        using var answer = await http.SendAsync(request, cancellationToken);
        answer.EnsureSuccessStatusCode();
        return new Proxy(process, Key, token => ReadAsync($"http://127.0.0.1:{control}/metrics", AllocatedOnPage, token));
    }

    /// <summary>YARP's forwarder with nothing around it.</summary>
    public static async Task<Proxy> YarpAsync(int core, int upstream)
    {
        var port = PinnedProcess.FreePort();
        var process = await PinnedProcess.StartAsync(
            "bare YARP", core, port, Environment.ProcessPath!, ["serve", Servers.Yarp, port.ToString(CultureInfo.InvariantCulture), $"http://127.0.0.1:{upstream}/"]);
        return new Proxy(process, AllocatedAsync: token => ReadAsync($"http://127.0.0.1:{port}{Servers.Allocated}", text => double.Parse(text, CultureInfo.InvariantCulture), token));
    }

    /// <summary>nginx with <c>split_clients</c>: one process, connections to the upstream kept, nothing buffered to disk.</summary>
    public static async Task<Proxy> NginxAsync(int core, int upstream, string folder)
    {
        var port = PinnedProcess.FreePort();
        var configuration = Path.Combine(folder, "nginx.conf");
        await File.WriteAllTextAsync(configuration, $$"""
            daemon off; master_process off; pid {{folder}}/nginx.pid; error_log stderr error;
            events { worker_connections 4096; }
            http {
              access_log off; client_body_temp_path {{folder}}/body; proxy_temp_path {{folder}}/proxy;
              fastcgi_temp_path {{folder}}/f; uwsgi_temp_path {{folder}}/u; scgi_temp_path {{folder}}/s;
              client_max_body_size 16m; keepalive_requests 100000000;
              split_clients "$http_x_modelflow_key" $version { 25% candidate; * stable; }
              upstream stable { server 127.0.0.1:{{upstream}}; keepalive 512; keepalive_requests 100000000; }
              upstream candidate { server 127.0.0.1:{{upstream}}; keepalive 512; keepalive_requests 100000000; }
              server {
                listen 127.0.0.1:{{port}};
                location / {
                  proxy_pass http://$version; proxy_http_version 1.1; proxy_set_header Connection "";
                  proxy_request_buffering off; proxy_buffering off;
                }
              }
            }
            """);
        return new Proxy(await PinnedProcess.StartAsync("nginx", core, port, DebianPrograms.Find("nginx"), ["-c", configuration, "-p", folder]));
    }

    /// <summary>HAProxy with a weighted consistent hash of the sticky key: one thread, connections to the upstream shared.</summary>
    public static async Task<Proxy> HaproxyAsync(int core, int upstream, string folder)
    {
        var port = PinnedProcess.FreePort();
        var configuration = Path.Combine(folder, "haproxy.cfg");
        await File.WriteAllTextAsync(configuration, $"""
            global
              nbthread 1
              maxconn 4096
            defaults
              mode http
              timeout connect 5s
              timeout client 60s
              timeout server 60s
              http-reuse always
            frontend clients
              bind 127.0.0.1:{port}
              default_backend model
            backend model
              balance hdr(x-modelflow-key)
              hash-type consistent
              server stable 127.0.0.1:{upstream} weight 75
              server candidate 127.0.0.1:{upstream} weight 25

            """);
        return new Proxy(await PinnedProcess.StartAsync("HAProxy", core, port, DebianPrograms.Find("haproxy"), ["-db", "-q", "-f", configuration]));
    }

    private static double AllocatedOnPage(string page)
    {
        const string Metric = "dotnet_gc_heap_total_allocated_bytes_total";
        var line = page.Split('\n').First(l => l.StartsWith(Metric, StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static async Task<double> ReadAsync(string address, Func<string, double> read, CancellationToken cancellationToken)
    {
        using var http = new HttpClient();
        return read(await http.GetStringAsync(new Uri(address), cancellationToken));
    }
}
