using System.Text.Json;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Output;
using ModelFlow.Cli.Up;

namespace ModelFlow.Cli.Demo;

/// <summary>The host that the demo plays on: one of its own, or one that is there already.</summary>
internal sealed class DemoPlace : IAsyncDisposable
{
    private readonly Call _call;
    private readonly string? _ownFolder;
    private readonly bool _keep;
    private readonly bool _isNewFolder;

    private DemoPlace(Call call, Addresses addresses, string? ownFolder, bool keep, bool isNewFolder)
    {
        _call = call;
        _ownFolder = ownFolder;
        _keep = keep;
        _isNewFolder = isNewFolder;
        At = addresses;
        Admin = As(addresses.Token);
    }

    public Addresses At { get; }

    /// <summary>The API with the admin's token.</summary>
    public ApiClient Admin { get; }

    /// <summary>Starts a host on free ports in a folder of its own.</summary>
    public static async Task<DemoPlace> StartAsync(Call call, string? data, bool keep)
    {
        var folder = data is null ? Path.Combine(Path.GetTempPath(), $"modelflow-demo-{Guid.NewGuid().ToString("N")[..8]}") : call.FullPath(data);
        if (data is null && !OperatingSystem.IsWindows())
        {
            // The demo's people get their cards on this machine.
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            await File.WriteAllTextAsync(Path.Combine(folder, "settings.json"), """{ "Notifications": { "AllowPrivateAddresses": true } }""", call.CancellationToken);
        }

        call.Screen.Line("Starting storage, host, model server and gateway on this machine …", Tone.Dim);
        var exit = await DetachedHost.StartAsync(call, ["--data", folder, "--api-port", "0", "--gateway-port", "0"], folder);
        if (exit != ExitCode.Ok)
        {
            throw new CommandFailedException(exit, "The demo's host did not start.", $"Its log is {Path.Combine(folder, "logs", "host.log")}.");
        }

        var credentials = JsonSerializer.Deserialize<Addresses>(await File.ReadAllTextAsync(Path.Combine(folder, "credentials.json"), call.CancellationToken), JsonSerializerOptions.Web)
            ?? throw new CommandFailedException(ExitCode.Refused, "The demo's host left empty credentials.");
        return new DemoPlace(call, credentials, folder, keep, isNewFolder: data is null);
    }

    /// <summary>A host that is there already.</summary>
    public static DemoPlace Given(Call call, Uri api, Uri? gateway, string? storage, string? key)
    {
        if (gateway is null || storage is null)
        {
            throw new CommandFailedException(ExitCode.Usage, "--against needs --gateway and --storage too.");
        }

        var connection = Connection.Resolve(call.Surroundings, api.ToString(), call.Token);
        return connection.Token is { } token
            ? new DemoPlace(call, new Addresses(connection.Server, token, storage, gateway, key), ownFolder: null, keep: true, isNewFolder: false)
            : throw new CommandFailedException(ExitCode.Unauthorized, "--against needs an admin's token.", "Give it with MODELFLOW_TOKEN or --token.");
    }

    public ApiClient As(string token) => new(new Connection(At.Api, token, "the demo"), _call.Surroundings.Time);

    public void SayWhereItIs(Screen screen)
    {
        screen.Line();
        screen.Pairs(
            ("page", At.Api.ToString()),
            ("API", At.Api.ToString()),
            ("gateway", At.Gateway.ToString()),
            ("data", _ownFolder),
            ("go on", _ownFolder is null ? null : $"MODELFLOW_CREDENTIALS={Path.Combine(_ownFolder, "credentials.json")} modelflow models"),
            ("end", _ownFolder is null ? null : $"modelflow down --data {_ownFolder}"));
    }

    public async ValueTask DisposeAsync()
    {
        Admin.Dispose();
        if (_ownFolder is null || _keep)
        {
            return;
        }

        await HostProgram.RunAsync(_call.Surroundings, ["stop", "--data", _ownFolder], CancellationToken.None);
        if (_isNewFolder)
        {
            Directory.Delete(_ownFolder, recursive: true);
        }
    }

    /// <summary>What the host's credentials file says.</summary>
    internal sealed record Addresses(Uri Api, string Token, string StorageConnectionString, Uri Gateway, string? InferenceKey);
}
