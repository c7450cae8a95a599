using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;

namespace ModelFlow.Serving.Tests.Support;

/// <summary>The real program, as a process of its own.</summary>
internal sealed class ServerProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly Task<string> _errors;

    private ServerProcess(Process process, Task<string> errors, Uri address)
    {
        _process = process;
        _errors = errors;
        Client = new HttpClient(new SocketsHttpHandler { UseProxy = false }) { BaseAddress = address, DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", RunningServer.Secret) } };
    }

    public HttpClient Client { get; }

    public int Id => _process.Id;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public static async Task<ServerProcess> StartAsync(string directory, params string[] settings)
    {
        var process = Launch(directory, settings);
        var errors = process.StandardError.ReadToEndAsync(Cancellation);
        var line = await process.StandardOutput.ReadLineAsync(Cancellation).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        return line?.Split(' ')[^1] is { } address
            ? new ServerProcess(process, errors, new Uri(address))
            : throw new InvalidOperationException($"The server ended at its start: {await errors}");
    }

    /// <summary>Runs until it ends by itself; exit code and what it said.</summary>
    public static async Task<(int ExitCode, string Errors)> RunToEndAsync(string directory, params string[] settings)
    {
        using var process = Launch(directory, settings);
        var errors = await process.StandardError.ReadToEndAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, errors);
    }

    public async Task WaitUntilReadyAsync()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        limit.CancelAfter(TimeSpan.FromSeconds(60));
        while ((await Client.GetAsync("/v2/health/ready", limit.Token)).StatusCode != HttpStatusCode.OK)
        {
            await Task.Delay(5, limit.Token);
        }
    }

    /// <summary>Ends it as a crash would.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync(Cancellation);
    }

    /// <summary>Asks it to end, and gives its exit code and its log.</summary>
    public async Task<(int ExitCode, string Log)> StopAsync()
    {
        using (var kill = Process.Start("kill", ["-TERM", $"{_process.Id}"]))
        {
            await kill.WaitForExitAsync(Cancellation);
        }

        await _process.WaitForExitAsync(Cancellation).WaitAsync(TimeSpan.FromSeconds(30), Cancellation);
        return (_process.ExitCode, await _errors);
    }

    public long ResidentBytes()
    {
        _process.Refresh();
        return _process.WorkingSet64;
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync(CancellationToken.None);
        }

        _process.Dispose();
    }

    private static Process Launch(string directory, string[] settings)
    {
        var start = new ProcessStartInfo(Path.Combine(AppContext.BaseDirectory, "modelflow-serving"), [$"--Serving:DataDirectory={directory}", .. settings])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
            RedirectStandardError = true,

            // A proxy that nobody answers at: what is on this machine must not be looked for there.
            Environment = { ["Serving__ControlSecret"] = RunningServer.Secret, ["HTTP_PROXY"] = "http://127.0.0.1:1", ["http_proxy"] = "http://127.0.0.1:1" },
        };
        return Process.Start(start)!;
    }
}
