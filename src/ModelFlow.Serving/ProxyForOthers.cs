using System.Net;

namespace ModelFlow.Serving;

/// <summary>The machine's proxy, past which this machine's own addresses go: a proxy would look for them on itself.</summary>
internal sealed class ProxyForOthers(IWebProxy inner) : IWebProxy
{
    public ICredentials? Credentials
    {
        get => inner.Credentials;
        set => inner.Credentials = value;
    }

    public Uri? GetProxy(Uri destination) => inner.GetProxy(destination);

    public bool IsBypassed(Uri host) => host.IsLoopback || inner.IsBypassed(host);
}
