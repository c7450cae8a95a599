using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Options;

namespace ModelFlow.Gateway.Control;

/// <summary>Where this gateway takes pushes; known once it listens, as a free port may have been asked for.</summary>
internal sealed class GatewayAddress(IServer server, IOptions<GatewayOptions> options)
{
    /// <summary>The port that takes pushes; null for every port.</summary>
    public int? ControlPort => options.Value.ControlListen is null ? null : ControlListener?.Port;

    /// <summary>What the control plane is told; null before the gateway listens.</summary>
    public Uri? Control => options.Value.ControlAddress ?? ControlListener;

    private Uri? ControlListener
    {
        get
        {
            var addresses = server.Features.Get<IServerAddressesFeature>()?.Addresses;
            var text = options.Value.ControlListen is null ? addresses?.FirstOrDefault() : addresses?.LastOrDefault();
            return text is null ? null : new Uri(text.Replace("://0.0.0.0", "://127.0.0.1", StringComparison.Ordinal).Replace("://[::]", "://[::1]", StringComparison.Ordinal));
        }
    }
}
