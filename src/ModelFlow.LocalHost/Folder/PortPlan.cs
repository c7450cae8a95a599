using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Folder;

/// <summary>Chooses the ports at the first start and keeps them after: addresses that people and stored rows know must not move by themselves.</summary>
internal sealed class PortPlan
{
    private readonly HashSet<int> _taken = [];

    private PortPlan()
    {
    }

    /// <summary>Where everything listens from now on. Fixed ports that somebody else holds are found out when their owner starts.</summary>
    /// <param name="options">Wished ports.</param>
    /// <param name="before">The addresses of the last start, if there was one.</param>
    /// <param name="alive">Whether a child of this name, left behind by an earlier host, lives: its ports are in use, by itself.</param>
    public static Addresses Choose(HostOptions options, Addresses? before, Func<string, bool> alive)
    {
        var plan = new PortPlan();
        plan._taken.UnionWith(new[] { options.ApiPort, options.GatewayPort, options.GatewayControlPort, options.ServingPort, options.BlobPort, options.QueuePort, options.TablePort }.Where(p => p != 0));
        var azurite = options.Storage is null;
        return new Addresses
        {
            Api = plan.Next(options.ApiPort, before?.Api, alive: false),
            Gateway = plan.Next(options.GatewayPort, before?.Gateway, alive(ChildNames.Gateway)),
            GatewayControl = plan.Next(options.GatewayControlPort, before?.GatewayControl, alive(ChildNames.Gateway)),
            Serving = plan.Next(options.ServingPort, before?.Serving, alive(ChildNames.Serving)),
            Blob = azurite ? plan.Next(options.BlobPort, before?.Blob, alive(ChildNames.Azurite)) : null,
            Queue = azurite ? plan.Next(options.QueuePort, before?.Queue, alive(ChildNames.Azurite)) : null,
            Table = azurite ? plan.Next(options.TablePort, before?.Table, alive(ChildNames.Azurite)) : null,
        };
    }

    private Uri Next(int wished, Uri? before, bool alive)
    {
        var port = wished != 0 ? wished
            : before is not null && !_taken.Contains(before.Port) && (alive || LoopbackPorts.IsFree(before.Port)) ? before.Port
            : LoopbackPorts.Choose(_taken);
        _taken.Add(port);
        return Addresses.Local(port);
    }
}
