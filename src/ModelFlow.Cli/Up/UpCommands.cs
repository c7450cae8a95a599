using System.CommandLine;
using System.Globalization;
using ModelFlow.Cli.Commands;

namespace ModelFlow.Cli.Up;

/// <summary><c>up</c> and <c>down</c>: everything on this machine, from nothing to running and back.</summary>
internal static class UpCommands
{
    private const string DefaultFolder = ".modelflow";

    public static IEnumerable<Command> Create(Surroundings surroundings)
    {
        var data = new Option<string?>("--data") { Description = $"The folder that keeps everything. Default: {DefaultFolder} here.", HelpName = "FOLDER" };
        var detach = new Option<bool>("--detach", "-d") { Description = "Come back when it is up; 'modelflow down' ends it." };
        var standby = new Option<bool>("--standby") { Description = "Stand by for the host that runs on the same folder, and take over when it dies." };
        var storage = new Option<string?>("--storage") { Description = "A storage of your own instead of Azurite.", HelpName = "CONNECTION STRING" };
        var api = new Option<int?>("--api-port") { Description = "The API's port; 0: any free one. Default: 7600.", HelpName = "PORT" };
        var gateway = new Option<int?>("--gateway-port") { Description = "The gateway's port; 0: any free one. Default: 7601.", HelpName = "PORT" };
        yield return new CliCommand(
            "up",
            "Start storage, host, gateway and model server on this machine; data is kept over restarts.",
            "modelflow up\nmodelflow up --data ~/modelflow --detach",
            surroundings,
            [data, detach, standby, storage, api, gateway],
            async call =>
            {
                var folder = call.FullPath(call.Get(data) ?? DefaultFolder);
                List<string> arguments = ["--data", folder];
                Add(arguments, standby.Name, call.Get(standby) ? "true" : null);
                Add(arguments, storage.Name, call.Get(storage));
                Add(arguments, api.Name, call.Get(api)?.ToString(CultureInfo.InvariantCulture));
                Add(arguments, gateway.Name, call.Get(gateway)?.ToString(CultureInfo.InvariantCulture));
                return call.Get(detach)
                    ? await DetachedHost.StartAsync(call, arguments, folder)
                    : await HostProgram.RunAsync(surroundings, arguments, call.CancellationToken);
            });
        yield return new CliCommand(
            "down",
            "End the host of a folder and everything it started, stand-ins first; the data stays.",
            "modelflow down",
            surroundings,
            [data],
            call => HostProgram.RunAsync(surroundings, ["stop", "--data", call.FullPath(call.Get(data) ?? DefaultFolder)], call.CancellationToken));
    }

    private static void Add(List<string> arguments, string option, string? value)
    {
        if (value is not null)
        {
            arguments.Add(option);
            arguments.Add(value);
        }
    }
}
