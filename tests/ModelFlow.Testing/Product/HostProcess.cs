using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ModelFlow.Testing.Product;

/// <summary>One <c>modelflow-host</c> process, on a data folder that it may share with others.</summary>
public sealed class HostProcess : IAsyncDisposable
{
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(90);
    private readonly Process _process;
    private readonly StringBuilder _output = new();
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private HostProcess(string folder, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Programs.Path("ModelFlow.LocalHost", "modelflow-host"), ["--data", folder, .. arguments])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        _process = new Process { StartInfo = start, EnableRaisingEvents = true };
        _process.OutputDataReceived += (_, e) => Read(e.Data);
        _process.ErrorDataReceived += (_, e) => Read(e.Data);
    }

    /// <summary>The process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has said that it is up.</summary>
    public bool IsUp => _up.Task.IsCompleted;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>All that it wrote so far.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString();
            }
        }
    }

    /// <summary>Its own API address, as it says it.</summary>
    public Uri Api => new(Output.Split('\n').Select(l => l.Trim()).First(l => l.StartsWith("API ", StringComparison.Ordinal))[4..].Trim());

    /// <summary>Starts one and waits until it says that it is up.</summary>
    public static async Task<HostProcess> StartAsync(string folder, params IEnumerable<string> arguments)
    {
        var host = Launch(folder, arguments);
        await host.UntilUpAsync();
        return host;
    }

    /// <summary>Starts one and does not wait.</summary>
    public static HostProcess Launch(string folder, params IEnumerable<string> arguments)
    {
        var host = new HostProcess(folder, arguments);
        host._process.Start();
        host._process.BeginOutputReadLine();
        host._process.BeginErrorReadLine();
        return host;
    }

    /// <summary>Waits until it says that it is up; it must not end before.</summary>
    public async Task UntilUpAsync()
    {
        var ended = _process.WaitForExitAsync();
        if (await Task.WhenAny(_up.Task, ended).WaitAsync(StartLimit) == ended)
        {
            await ended;
            throw new InvalidOperationException($"The host ended with exit code {_process.ExitCode}:\n{Output}");
        }
    }

    /// <summary>Runs one that is expected to end by itself. Returns its exit code and all it wrote.</summary>
    public static async Task<(int ExitCode, string Output)> RunAsync(string folder, params IEnumerable<string> arguments)
    {
        await using var host = Launch(folder, arguments);
        await host._process.WaitForExitAsync().WaitAsync(StartLimit);
        return (host._process.ExitCode, host.Output);
    }

    /// <summary>Asks it to end, and waits. Returns its exit code. (Not by SIGINT: what is started in the background of a script ignores it.)</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        await _process.WaitForExitAsync().WaitAsync(StartLimit);
        return _process.ExitCode;
    }

    /// <summary>Kills it without a warning; its children go on.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    /// <summary>Sends a signal: <c>STOP</c> freezes it, <c>CONT</c> thaws it.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {Id.ToString(CultureInfo.InvariantCulture)}"]);
        await kill.WaitForExitAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await SignalAsync("CONT");
            await KillAsync();
        }

        _process.Dispose();
    }

    private void Read(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_output)
        {
            _output.Append(line).Append('\n');
        }

        if (line.StartsWith("Ctrl-C ", StringComparison.Ordinal))
        {
            _up.TrySetResult();
        }
    }
}
