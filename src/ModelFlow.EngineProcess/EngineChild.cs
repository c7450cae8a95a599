using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace ModelFlow.EngineProcess;

/// <summary>
/// An engine in a process of its own. It ends when it is disposed of, and when the process that started it dies: a shell between
/// the two holds a pipe of the parent and kills the engine at the pipe's end, whatever program the engine is.
/// </summary>
public sealed class EngineChild : IAsyncDisposable
{
    private const int PortTries = 3;

    private const string EndWithParent = """
        exec 3<&0
        "$@" </dev/null &
        engine=$!
        (while read -r line; do :; done; kill -9 $engine) <&3 >/dev/null 2>&1 &
        watch=$!
        exec 3<&-
        wait $engine
        code=$?
        kill -9 $watch 2>/dev/null
        exit $code
        """;

    private static readonly TimeSpan HealthLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(50);

    // What an engine needs of the environment. Everything else, secrets above all, is not for programs that read strangers' files.
    private static readonly string[] Passed = ["PATH", "HOME", "TMPDIR", "LANG", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX", "MODELFLOW_JOB"];
    private static readonly string[] PassedPrefixes = ["DOTNET_", "CUDA_", "NVIDIA_", "OMP_", "GGML_", "LLAMA_", "VLLM_", "PYTHON"];

    private readonly Process _process;
    private readonly LastWords _words;
    private readonly Task _exited;

    private EngineChild(Process process, LastWords words, Uri address)
    {
        _process = process;
        _words = words;
        Address = address;
        _exited = process.WaitForExitAsync(CancellationToken.None);
    }

    /// <summary>Its base address on loopback.</summary>
    public Uri Address { get; }

    /// <summary>Completes when it ended, for whatever reason.</summary>
    public Task Exited => _exited;

    /// <summary>The process's id (of the shell that leads it).</summary>
    public int ProcessId => _process.Id;

    /// <summary>Why it ended, as far as it said so.</summary>
    public string Ending => _process.HasExited ? $"it ended with exit code {_process.ExitCode}{(_words.Last.Length > 0 ? $": {_words.Last}" : "")}" : "it runs";

    /// <summary>Starts an engine and waits until its <c>/health</c> says that it is ready.</summary>
    /// <param name="command">What to run.</param>
    /// <param name="model">What it shall serve.</param>
    /// <param name="patience">How long it may take to load the model.</param>
    /// <param name="http">Asks it.</param>
    /// <param name="time">Measures.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<EngineStart> StartAsync(EngineCommand command, EngineModel model, TimeSpan patience, HttpClient http, TimeProvider time, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(http);
        ArgumentNullException.ThrowIfNull(time);
        for (var attempt = 1; ; attempt++)
        {
            EngineChild child;
            try
            {
                child = Launch(command, model);
            }
            catch (System.ComponentModel.Win32Exception e)
            {
                return new EngineStart.Failed($"the engine {command.Parts[0]} cannot be started: {e.Message}", ModelAtFault: false);
            }

            EngineStart? failure = null;
            try
            {
                failure = await child.UntilReadyAsync(command.Parts[0], patience, http, time, cancellationToken);
                if (failure is null)
                {
                    return new EngineStart.Ready(child);
                }
            }
            finally
            {
                if (failure is not null || cancellationToken.IsCancellationRequested)
                {
                    await child.DisposeAsync();
                }
            }

            // Between the look for a free port and the engine's start another program may have taken it.
            if (attempt == PortTries || !child._words.Say("in use"))
            {
                return failure;
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        await _exited;
        _process.Dispose();
    }

    private static EngineChild Launch(EngineCommand command, EngineModel model)
    {
        var port = FreePort();
        var start = new ProcessStartInfo("/bin/sh", ["-c", EndWithParent, "engine", .. command.For(model, port)])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var name in start.Environment.Keys.Where(n => !Passed.Contains(n, StringComparer.Ordinal) && !PassedPrefixes.Any(p => n.StartsWith(p, StringComparison.Ordinal))).ToList())
        {
            start.Environment.Remove(name);
        }

        var words = new LastWords();
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, e) => words.Add(e.Data);
        process.ErrorDataReceived += (_, e) => words.Add(e.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new EngineChild(process, words, new Uri($"http://127.0.0.1:{port}/"));
    }

    private async Task<EngineStart?> UntilReadyAsync(string program, TimeSpan patience, HttpClient http, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (_process.HasExited)
            {
                // Only now all that it wrote is certain to be read.
                await _exited;
                return new EngineStart.Failed($"the engine {Path.GetFileName(program)} does not serve it: {Ending}", ModelAtFault: _process.ExitCode is not (126 or 127));
            }

            if (await IsHealthyAsync(http, cancellationToken))
            {
                return null;
            }

            if (time.GetElapsedTime(began) > patience)
            {
                return new EngineStart.Failed($"the engine {Path.GetFileName(program)} was not ready within {patience}{(_words.Last.Length > 0 ? $"; its last words: {_words.Last}" : "")}", ModelAtFault: true);
            }

            await Task.WhenAny(_exited, Task.Delay(LookEvery, time, cancellationToken));
        }
    }

    private async Task<bool> IsHealthyAsync(HttpClient http, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(HealthLimit);
        try
        {
            using var answer = await http.GetAsync(new Uri(Address, "health"), HttpCompletionOption.ResponseHeadersRead, limit.Token);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return false;
        }
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}

/// <summary>The outcome of starting an engine.</summary>
public abstract record EngineStart
{
    private EngineStart()
    {
    }

    /// <summary>It serves the model.</summary>
    public sealed record Ready(EngineChild Engine) : EngineStart;

    /// <summary>It does not; why, and whether the model is the reason (rather than the program that is missing).</summary>
    public sealed record Failed(string Reason, bool ModelAtFault) : EngineStart;
}
