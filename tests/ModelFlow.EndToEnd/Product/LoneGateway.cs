using System.Diagnostics;
using System.Globalization;

namespace ModelFlow.EndToEnd.Product;

/// <summary>The gateway of an installation whose host is gone: killed, and started again as the host would, by whoever watches over processes.</summary>
internal sealed class LoneGateway : IAsyncDisposable
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(40);
    private readonly IReadOnlyList<string> _command;
    private readonly Dictionary<string, string> _environment;
    private int _id;
    private Process? _process;

    private LoneGateway(int id)
    {
        _id = id;
        _command = [.. Read("cmdline")];
        _environment = Read("environ").Select(e => e.Split('=', 2)).ToDictionary(e => e[0], e => e[1], StringComparer.Ordinal);
    }

    /// <summary>The one that the host left running.</summary>
    public static LoneGateway Find(string folder) =>
        new(int.Parse(File.ReadAllText(Path.Combine(folder, "run", "gateway.pid")).Split(' ')[0], CultureInfo.InvariantCulture));

    /// <summary>Kills it without a warning.</summary>
    public async Task KillAsync()
    {
        using var victim = Process.GetProcessById(_id);
        await SignalAsync("KILL");
        await victim.WaitForExitAsync().WaitAsync(EndLimit);
    }

    /// <summary>Starts it again, with the same settings; it does not answer yet.</summary>
    public void Start()
    {
        var start = new ProcessStartInfo(_command[0], _command.Skip(1)) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Clear();
        foreach (var (name, value) in _environment)
        {
            start.Environment[name] = value;
        }

        _process = Process.Start(start)!;
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        _id = _process.Id;
    }

    /// <summary>Asks the started one to end, and waits. Returns its exit code.</summary>
    public async Task<int> StopAsync()
    {
        await SignalAsync("TERM");
        await _process!.WaitForExitAsync().WaitAsync(EndLimit); // Start comes first.
        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        _process?.Dispose();
    }

    private string[] Read(string what) =>
        File.ReadAllText($"/proc/{_id.ToString(CultureInfo.InvariantCulture)}/{what}").Split('\0', StringSplitOptions.RemoveEmptyEntries);

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", $"kill -{signal} {_id.ToString(CultureInfo.InvariantCulture)}"]);
        await kill.WaitForExitAsync();
    }
}
