using System.CommandLine;
using System.Globalization;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Running;

/// <summary>The command line of <c>modelflow-host</c>.</summary>
internal static class HostCommand
{
    /// <summary>Exit code: it cannot start; the message says why and what helps.</summary>
    public const int CannotStart = 2;

    /// <summary>Exit code of <c>status</c>: nothing runs.</summary>
    public const int NotRunning = 3;

    public static RootCommand Create()
    {
        var data = new Option<string?>("--data") { Description = "The data folder. Default: .modelflow", Recursive = true };
        var standby = new Option<bool>("--standby") { Description = "Stand by for the host that runs on the same data folder." };
        var storage = new Option<string?>("--storage") { Description = "Connection string of a storage of your own; Azurite is not started then." };
        var ports = new (Option<int?> Option, string Setting)[]
        {
            (Port("--api-port", "The API's port. Default: 7600"), nameof(HostOptions.ApiPort)),
            (Port("--gateway-port", "The gateway's port. Default: 7601"), nameof(HostOptions.GatewayPort)),
            (Port("--gateway-control-port", "The port on which the gateway is told routes. Default: any free one"), nameof(HostOptions.GatewayControlPort)),
            (Port("--serving-port", "The model server's port. Default: any free one"), nameof(HostOptions.ServingPort)),
            (Port("--blob-port", "Azurite's blob port. Default: any free one"), nameof(HostOptions.BlobPort)),
            (Port("--queue-port", "Azurite's queue port. Default: any free one"), nameof(HostOptions.QueuePort)),
            (Port("--table-port", "Azurite's table port. Default: any free one"), nameof(HostOptions.TablePort)),
        };
        var root = new RootCommand("The embedded ModelFlow host: storage, API, gateway and model server on one machine. Everything listens on 127.0.0.1.") { data, standby, storage };
        foreach (var (option, _) in ports)
        {
            root.Options.Add(option);
        }

        root.SetAction((parsed, _) => RunAsync(Settings(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            [nameof(HostOptions.Data)] = parsed.GetValue(data),
            [nameof(HostOptions.Standby)] = parsed.GetValue(standby) ? "true" : null,
            [nameof(HostOptions.Storage)] = parsed.GetValue(storage),
        }.Concat(ports.Select(p => KeyValuePair.Create(p.Setting, parsed.GetValue(p.Option)?.ToString(CultureInfo.InvariantCulture)))))));

        var stop = new Command("stop", "Ends the hosts of the data folder and their children, also those that a killed host left behind.");
        stop.SetAction((parsed, cancel) => StopAsync(Folder(parsed.GetValue(data)), cancel));
        root.Subcommands.Add(stop);
        var status = new Command("status", $"Says what runs on the data folder; exit code {NotRunning} if nothing does.");
        status.SetAction(parsed => Status(Folder(parsed.GetValue(data))));
        root.Subcommands.Add(status);
        return root;
    }

    private static Option<int?> Port(string name, string description) => new(name) { Description = description };

    private static DataFolder Folder(string? data) => new(HostSettings.Read(Settings([new(nameof(HostOptions.Data), data)])).Options.Data);

    private static Dictionary<string, string?> Settings(IEnumerable<KeyValuePair<string, string?>> given) =>
        given.Where(s => s.Value is not null).ToDictionary(s => $"{HostOptions.Section}:{s.Key}", s => s.Value, StringComparer.Ordinal);

    private static async Task<int> RunAsync(Dictionary<string, string?> settings)
    {
        using var shutdown = new ShutdownSignal();
        var (configuration, options) = HostSettings.Read(settings);
        await new HostRunner(configuration, options, Console.Out).RunAsync(shutdown.Token);
        return 0;
    }

    private static async Task<int> StopAsync(DataFolder folder, CancellationToken cancellationToken)
    {
        // Stand-ins first: they would take over.
        foreach (var (host, standby) in folder.ListHosts())
        {
            await Console.Out.WriteLineAsync($"Ending the {(standby ? "stand-in" : "host")}, process {host.Id}.");
            ProcessSignals.Ask(host);
            if (!await ProcessSignals.WaitForEndAsync(host, TimeSpan.FromMinutes(3), TimeProvider.System))
            {
                throw new HostStartException($"Process {host.Id} does not end. Look into its log, or end it with `kill -9 {host.Id}` and run this again.");
            }

            cancellationToken.ThrowIfCancellationRequested();
        }

        using var held = Directory.Exists(folder.Run) ? folder.TryLock() : null;
        if (held is not null)
        {
            foreach (var child in await ChildSupervisor.EndLeftBehindAsync(folder.Run, folder.Logs, ChildNames.EndingOrder, TimeSpan.FromMinutes(1), TimeProvider.System))
            {
                await Console.Out.WriteLineAsync($"Ended {child}, which a killed host had left running.");
            }
        }

        await Console.Out.WriteLineAsync($"Nothing runs on {folder.Path}.");
        return 0;
    }

    private static int Status(DataFolder folder)
    {
        var hosts = folder.ListHosts();
        foreach (var (host, standby) in hosts)
        {
            Console.Out.WriteLine($"{(standby ? "stand-in" : "host"),-10} process {host.Id}");
        }

        var children = ChildNames.EndingOrder.Where(name => ChildSupervisor.IsAlive(folder.Run, name)).ToList();
        foreach (var child in children)
        {
            Console.Out.WriteLine($"{child,-10} running{(hosts.Any(h => !h.Standby) ? "" : ", without a host")}");
        }

        if (hosts.Count + children.Count == 0)
        {
            Console.Out.WriteLine($"Nothing runs on {folder.Path}.");
            return NotRunning;
        }

        if (OwnedFile.Read<Addresses>(folder.AddressesFile) is { } addresses)
        {
            Console.Out.WriteLine($"API        {addresses.Api}");
            Console.Out.WriteLine($"inference  {addresses.Gateway}");
        }

        return 0;
    }
}
