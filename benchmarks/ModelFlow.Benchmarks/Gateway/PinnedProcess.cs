using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace ModelFlow.Benchmarks.Gateway;

/// <summary>A program that runs on one core and listens on a port of 127.0.0.1.</summary>
internal sealed class PinnedProcess : IDisposable
{
    private const double MicrosecondsPerTick = 10_000; // USER_HZ is 100 on Linux.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(20);
    private readonly Process _process;

    private PinnedProcess(string name, Process process, int port)
    {
        Name = name;
        Port = port;
        _process = process;
    }

    public string Name { get; }

    public int Port { get; }

    /// <summary>CPU time it used so far, in microseconds, all threads; resolution 10 ms.</summary>
    public double CpuMicroseconds
    {
        get
        {
            var fields = File.ReadAllText($"/proc/{_process.Id}/stat").Split(") ")[1].Split(' ');
            return (long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture)) * MicrosecondsPerTick;
        }
    }

    /// <summary>Memory it has in RAM now, in MB of 10^6 bytes.</summary>
    public double ResidentMegabytes
    {
        get
        {
            var line = File.ReadLines($"/proc/{_process.Id}/status").First(l => l.StartsWith("VmRSS:", StringComparison.Ordinal));
            return double.Parse(line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) * 1_024 / 1e6;
        }
    }

    /// <summary>A port that nobody listens on now.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Starts it and waits until it listens, on <paramref name="control"/> as well if that is given.</summary>
    public static async Task<PinnedProcess> StartAsync(
        string name, int core, int port, string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string>? environment = null, int? control = null)
    {
        // exec, so that the process id is the program's own.
        var start = new ProcessStartInfo("taskset", ["-c", core.ToString(CultureInfo.InvariantCulture), program, .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false };
        foreach (var (key, value) in environment ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            start.Environment[key] = value;
        }

        var process = Process.Start(start) ?? throw new InvalidOperationException($"{program} does not start.");
        process.BeginOutputReadLine();
        var started = new PinnedProcess(name, process, port);
        try
        {
            await started.UntilListeningAsync(port);
            await started.UntilListeningAsync(control ?? port);
            return started;
        }
        catch
        {
            started.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
            _process.WaitForExit();
        }

        _process.Dispose();
    }

    private async Task UntilListeningAsync(int port)
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                using var client = new TcpClient();
                await client.ConnectAsync(IPAddress.Loopback, port);
                return;
            }
            catch (SocketException) when (clock.Elapsed < StartLimit && !_process.HasExited)
            {
                await Task.Delay(50);
            }
        }
    }
}
