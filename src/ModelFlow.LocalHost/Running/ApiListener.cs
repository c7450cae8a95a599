using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Running;

/// <summary>Where the API listens. A standby that takes over a folder listens on its address as well, for that is what gateways and people know.</summary>
internal sealed class ApiListener
{
    private readonly IConfigurationRoot _kestrel = new ConfigurationBuilder().AddInMemoryCollection().Build();

    public ApiListener(Uri address)
    {
        Address = address;
        Listen("Own", address);
    }

    /// <summary>This process's own address.</summary>
    public Uri Address { get; }

    /// <summary>The section that Kestrel follows.</summary>
    public IConfiguration Kestrel => _kestrel;

    /// <summary>Listens on the address of a host that is gone, too.</summary>
    /// <exception cref="HostStartException">Somebody else does.</exception>
    public void TakeOver(Uri address)
    {
        if (address == Address)
        {
            return;
        }

        if (!LoopbackPorts.IsFree(address.Port))
        {
            throw new HostStartException($"Port {address.Port}, where the former host's API was, is taken by another program.");
        }

        Listen("TakenOver", address);
        _kestrel.Reload();
    }

    private void Listen(string name, Uri address) => _kestrel[$"Endpoints:{name}:Url"] = address.GetLeftPart(UriPartial.Authority);
}
