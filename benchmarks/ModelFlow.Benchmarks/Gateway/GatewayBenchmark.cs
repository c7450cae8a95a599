using System.Globalization;
using ModelFlow.Benchmarks.Reporting;

namespace ModelFlow.Benchmarks.Gateway;

/// <summary>
/// The gateway, a bare YARP pass-through, nginx and HAProxy in front of the same upstream, in turns: each alone on one core, the load and
/// the upstream on another.
/// </summary>
internal sealed class GatewayBenchmark : IBenchmark
{
    private const int ProxyCore = 0;
    private const int OtherCore = 1;
    private const int SecondsPerTurn = 4;

    public IReadOnlyList<string> Needs { get; } = ["wrk"];

    public async Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken)
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-bench-");
        var running = new List<PinnedProcess>();
        try
        {
            var upstream = await StartUpstreamAsync(running);
            var proxies = new List<Proxy>();
            async Task AddAsync(Task<Proxy> starting)
            {
                var proxy = await starting;
                running.Add(proxy.Process);
                proxies.Add(proxy);
            }

            await AddAsync(Proxy.GatewayAsync(ProxyCore, upstream, folder.FullName, cancellationToken));
            await AddAsync(Proxy.YarpAsync(ProxyCore, upstream));
            foreach (var (program, start) in new (string, Func<Task<Proxy>>)[]
            {
                ("nginx", () => Proxy.NginxAsync(ProxyCore, upstream, folder.FullName)),
                ("haproxy", () => Proxy.HaproxyAsync(ProxyCore, upstream, folder.FullName)),
            })
            {
                if (DebianPrograms.IsThere(program))
                {
                    await AddAsync(start());
                }
                else
                {
                    await Console.Error.WriteLineAsync($"bench gateway: without {program}: apt-get install {program}");
                    report.LeftOut($"gateway beside {program}", [program]);
                }
            }

            foreach (var load in LoadCase.All)
            {
                await RunAsync(report, load, proxies, rounds ?? 3, folder.FullName, cancellationToken);
            }
        }
        finally
        {
            running.ForEach(p => p.Dispose());
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(Report report, LoadCase load, List<Proxy> proxies, int rounds, string folder, CancellationToken cancellationToken)
    {
        var measured = proxies.ToDictionary(p => p, _ => new List<Turn>());
        foreach (var proxy in proxies)
        {
            await TurnAsync(proxy, load, folder, cancellationToken); // Warms up.
        }

        for (var i = 0; i < rounds; i++)
        {
            foreach (var proxy in proxies)
            {
                measured[proxy].Add(await TurnAsync(proxy, load, folder, cancellationToken));
            }
        }

        Samples Of(Proxy proxy, Func<Turn, double> value) => new([.. measured[proxy].Select(value)]);
        void Row(string what, Func<Turn, double> value, string format, Target? target, IEnumerable<Proxy> others) =>
            report.Beside($"gateway, {load.Name}: {what}", Of(proxies[0], value), [.. others.Select(o => (o.Name, Of(o, value)))], format, target);

        Row("requests a second", t => t.Load.PerSecond, "0", new Target(AtLeast: 0.95), proxies.Skip(1));
        Row("p50, ms", t => t.Load.P50Milliseconds, "0.00", null, proxies.Skip(1));
        Row("p99, ms", t => t.Load.P99Milliseconds, "0.00", null, proxies.Skip(1));
        Row("µs of CPU a request", t => t.CpuMicroseconds, "0.0", null, proxies.Skip(1));
        Row("memory, MB", t => t.ResidentMegabytes, "0", null, proxies.Skip(1));
        Row("bytes allocated a request", t => t.Allocated, "0", null, proxies.Skip(1).Where(p => p.AllocatedAsync is not null));
    }

    private static async Task<int> StartUpstreamAsync(List<PinnedProcess> running)
    {
        var port = PinnedProcess.FreePort();
        running.Add(await PinnedProcess.StartAsync(
            Servers.Upstream, OtherCore, port, Environment.ProcessPath!, ["serve", Servers.Upstream, port.ToString(CultureInfo.InvariantCulture)]));
        return port;
    }

    private static async Task<Turn> TurnAsync(Proxy proxy, LoadCase load, string folder, CancellationToken cancellationToken)
    {
        var script = Path.Combine(folder, "load.lua");
        await File.WriteAllTextAsync(script, load.Script(proxy.Bearer), cancellationToken);
        var allocated = proxy.AllocatedAsync is { } before ? await before(cancellationToken) : 0;
        var cpu = proxy.Process.CpuMicroseconds;
        var result = await Wrk.RunAsync(OtherCore, load, SecondsPerTurn, script, $"http://127.0.0.1:{proxy.Process.Port}/models/digits/v2/{load.Operation}", cancellationToken);
        cpu = proxy.Process.CpuMicroseconds - cpu;
        var memory = proxy.Process.ResidentMegabytes;
        allocated = proxy.AllocatedAsync is { } after ? await after(cancellationToken) - allocated : 0;
        return new Turn(result, cpu / result.Requests, memory, allocated / result.Requests);
    }

    private sealed record Turn(WrkResult Load, double CpuMicroseconds, double ResidentMegabytes, double Allocated);
}
