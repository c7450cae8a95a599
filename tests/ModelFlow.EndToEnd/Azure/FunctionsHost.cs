using System.Diagnostics;
using System.Globalization;
using System.Text;
using ModelFlow.Testing.Product;

namespace ModelFlow.EndToEnd.Azure;

/// <summary>
/// An Azure Functions host that runs the built <c>ModelFlow.Functions</c> on a port of this machine: the Core Tools' <c>func</c> from the <c>PATH</c>, or what
/// <c>MODELFLOW_FUNCTIONS_HOST</c> names: a <c>func</c>, or the program or assembly of the host itself (<c>Microsoft.Azure.WebJobs.Script.WebHost</c>).
/// </summary>
internal sealed class FunctionsHost : IAsyncDisposable
{
    private const string Variable = "MODELFLOW_FUNCTIONS_HOST";
    private readonly StringBuilder _output = new();
    private readonly Process _process;

    private FunctionsHost(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Keep(e.Data);
        _process.ErrorDataReceived += (_, e) => Keep(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    /// <summary>Why there is none here; null if there is one.</summary>
    public static string? Missing => Find() is null
        ? $"no Azure Functions host on this machine: install the Azure Functions Core Tools, or name a host with {Variable} (docs/azure.md)"
        : !File.Exists(Path.Combine(App, "ModelFlow.Functions.dll")) ? "ModelFlow.Functions is not built: this machine's feed lacks its packages" : null;

    /// <summary>The last lines of what it wrote.</summary>
    public string Output
    {
        get
        {
            lock (_output)
            {
                return _output.ToString(Math.Max(0, _output.Length - 8_000), Math.Min(_output.Length, 8_000));
            }
        }
    }

    private static string App => Path.GetDirectoryName(Programs.Path("ModelFlow.Functions", "host.json"))!; // A file has a folder.

    /// <summary>Starts one and does not wait for it.</summary>
    /// <param name="port">Where it listens.</param>
    /// <param name="folder">A folder of its own, for its keys and logs.</param>
    /// <param name="systemKey">What a caller of the extensions' webhooks shows as <c>code</c>.</param>
    /// <param name="settings">The application settings.</param>
    public static FunctionsHost Launch(int port, string folder, string systemKey, IReadOnlyDictionary<string, string> settings)
    {
        var program = Find() ?? throw new InvalidOperationException(Missing);
        var address = string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}");
        string[] arguments = Path.GetFileNameWithoutExtension(program) == "func" ? ["start", "--no-build", "--port", port.ToString(CultureInfo.InvariantCulture)] : [];
        var isAssembly = Path.GetExtension(program) == ".dll";
        var start = new ProcessStartInfo(isAssembly ? "dotnet" : program, isAssembly ? [program, .. arguments] : arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = arguments.Length > 0 ? App : Path.GetDirectoryName(program),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment.Remove("CONTAINER_NAME"); // With it the host takes the machine for one of the Consumption plan.
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, "host.json"), $$"""
            { "masterKey": { "name": "master", "value": "{{systemKey}}-m", "encrypted": false }, "functionKeys": [],
              "systemKeys": [ { "name": "blobs_extension", "value": "{{systemKey}}", "encrypted": false } ] }
            """);
        foreach (var (name, value) in settings.Concat(
        [
            new("FUNCTIONS_WORKER_RUNTIME", "dotnet-isolated"), new("AZURE_FUNCTIONS_ENVIRONMENT", "Development"), new("AzureWebJobsScriptRoot", App),
            new("AzureWebJobsSecretStorageType", "files"), new("FUNCTIONS_SECRETS_PATH", folder), new("FUNCTIONS_LOG_PATH", Path.Combine(folder, "logs")),
            new("AzureFunctionsJobHost__Logging__Console__IsEnabled", "true"), new("WEBSITE_HOSTNAME", address), new("ASPNETCORE_URLS", $"http://{address}"),
        ]))
        {
            start.Environment[name] = value;
        }

        return new FunctionsHost(start);
    }

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded => _process.HasExited;

    /// <summary>Kills host and worker without a warning.</summary>
    public async Task KillAsync()
    {
        _process.Kill(entireProcessTree: true);
        await _process.WaitForExitAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await KillAsync();
        }

        _process.Dispose();
    }

    private static string? Find() => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named
        ? File.Exists(named) ? named : throw new FileNotFoundException($"{Variable} names no file.", named)
        : (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(p => Path.Combine(p, "func")).FirstOrDefault(File.Exists);

    private void Keep(string? line)
    {
        lock (_output)
        {
            _output.Append(line).Append('\n');
        }
    }
}
