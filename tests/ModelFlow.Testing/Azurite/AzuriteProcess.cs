using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ModelFlow.Testing.Azurite;

/// <summary>
/// Azurite as a Node.js process from <c>eng/azurite</c> on free ports of 127.0.0.1. It ends when this process ends, however that ends:
/// a guard in it watches its standard input, which only this process holds open.
/// </summary>
public sealed partial class AzuriteProcess : AzuriteServer
{
    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan StopTimeout = TimeSpan.FromSeconds(15);

    private readonly string? _folder;
    private readonly AzuriteCertificate? _certificate;
    private Process? _process;
    private int _blobPort;
    private int _tablePort;
    private int _queuePort;

    private AzuriteProcess(string? folder, AzuriteCertificate? certificate)
    {
        _folder = folder;
        _certificate = certificate;
    }

    /// <inheritdoc/>
    public override string Kind => "process";

    /// <inheritdoc/>
    public override Uri BlobEndpoint => new($"{Scheme}://127.0.0.1:{_blobPort}/{AccountName}");

    /// <inheritdoc/>
    public override Uri TableEndpoint => new($"{Scheme}://127.0.0.1:{_tablePort}/{AccountName}");

    /// <summary>The queue service's address, with the account.</summary>
    public Uri QueueEndpoint => new($"{Scheme}://127.0.0.1:{_queuePort}/{AccountName}");

    /// <summary>The process id; null while it is stopped.</summary>
    public int? ProcessId => _process?.Id;

    private string Scheme => _certificate is null ? "http" : "https";

    /// <summary>Starts one that keeps its data in <paramref name="folder"/>; null: in memory, lost when it stops.</summary>
    /// <exception cref="InvalidOperationException">It does not start; the message has its output.</exception>
    public static Task<AzuriteProcess> StartAsync(string? folder, CancellationToken cancellationToken) => StartAsync(folder, certificate: null, cancellationToken);

    /// <summary>Starts one that speaks HTTPS and takes bearer tokens, too: it reads their claims and does not check who signed them.</summary>
    /// <exception cref="InvalidOperationException">It does not start; the message has its output.</exception>
    public static async Task<AzuriteProcess> StartAsync(string? folder, AzuriteCertificate? certificate, CancellationToken cancellationToken)
    {
        var azurite = new AzuriteProcess(folder, certificate);
        await azurite.RunAsync(cancellationToken);
        return azurite;
    }

    /// <summary>Ends it in good order: what it acknowledged is on disk.</summary>
    public async Task StopAsync()
    {
        if (_process is null)
        {
            return;
        }

        _process.StandardInput.Close();
        try
        {
            await _process.WaitForExitAsync(CancellationToken.None).WaitAsync(StopTimeout);
        }
        catch (TimeoutException)
        {
            // KillAsync ends it.
        }

        await KillAsync();
    }

    /// <summary>Ends it at once. Azurite writes its indexes every five seconds: younger writes are lost, unlike on Azure.</summary>
    public async Task KillAsync()
    {
        if (_process is null)
        {
            return;
        }

        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
        _process.Dispose();
        _process = null;
    }

    /// <summary>Starts it again on the same ports, and on the same folder if it has one.</summary>
    public Task StartAgainAsync(CancellationToken cancellationToken) => _process is null
        ? RunAsync(cancellationToken)
        : throw new InvalidOperationException("Azurite is running.");

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync() => await KillAsync();

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        var root = RepositoryRoot.Find();
        var script = Path.Combine(root, "eng", "azurite", "node_modules", "azurite", "dist", "src", "azurite.js");
        if (!File.Exists(script))
        {
            throw new InvalidOperationException($"Azurite is not installed: run {Path.Combine(root, "eng", "setup")}.");
        }

        var start = new ProcessStartInfo("node")
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            UseShellExecute = false,
        };
        foreach (var argument in Arguments(root, script))
        {
            start.ArgumentList.Add(argument);
        }

        _process = Process.Start(start) ?? throw new InvalidOperationException("node does not start.");
        var output = new List<string>();
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _process.OutputDataReceived += (_, e) => Read(e.Data, output, ready);
        _process.ErrorDataReceived += (_, e) => Read(e.Data, output, ready);
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
        try
        {
            var exited = _process.WaitForExitAsync(cancellationToken);
            if (await Task.WhenAny(ready.Task, exited).WaitAsync(StartTimeout, cancellationToken) == exited)
            {
                await exited;
                throw new InvalidOperationException($"Azurite ended with exit code {_process.ExitCode}.");
            }
        }
        catch (Exception e) when (e is TimeoutException or InvalidOperationException or OperationCanceledException)
        {
            await KillAsync();
            lock (output)
            {
                throw new InvalidOperationException($"Azurite did not start: {e.Message}\n{string.Join('\n', output)}", e);
            }
        }
    }

    private IEnumerable<string> Arguments(string root, string script)
    {
        yield return "--require";
        yield return Path.Combine(root, "eng", "azurite", "end-with-parent.cjs");
        yield return script;
        foreach (var (name, port) in new[] { ("--blobPort", _blobPort), ("--queuePort", _queuePort), ("--tablePort", _tablePort) })
        {
            yield return name;
            yield return port.ToString(CultureInfo.InvariantCulture);
        }

        yield return "--disableTelemetry";
        yield return "--skipApiVersionCheck";
        yield return "--silent";
        if (_folder is null)
        {
            yield return "--inMemoryPersistence";
        }
        else
        {
            yield return "--location";
            yield return _folder;
        }

        if (_certificate is not null)
        {
            yield return "--cert";
            yield return _certificate.CertificatePath;
            yield return "--key";
            yield return _certificate.KeyPath;
            yield return "--oauth";
            yield return "basic";
        }
    }

    private void Read(string? line, List<string> output, TaskCompletionSource ready)
    {
        if (line is null)
        {
            return;
        }

        lock (output)
        {
            output.Add(line);
            if (Listening().Match(line) is { Success: true } match)
            {
                var port = int.Parse(match.Groups["port"].ValueSpan, CultureInfo.InvariantCulture);
                _ = match.Groups["service"].Value switch
                {
                    "Blob" => _blobPort = port,
                    "Table" => _tablePort = port,
                    _ => _queuePort = port,
                };
                if (output.Count(l => Listening().IsMatch(l)) == 3)
                {
                    ready.TrySetResult();
                }
            }
        }
    }

    [GeneratedRegex("Azurite (?<service>Blob|Queue|Table) service is successfully listening at https?://[^:]+:(?<port>[0-9]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Listening();
}
