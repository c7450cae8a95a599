using System.Net;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace ModelFlow.Api.Access;

/// <summary>
/// A token bucket of failed authentications for each address (of IPv6, each /64 network). When it is empty, unknown
/// tokens from there are not looked up; tokens that worked before are, so that nobody can lock others out.
/// </summary>
public sealed class FailedAuthentications(TimeProvider time, IOptions<ApiOptions> options)
{
    private readonly Buckets<IPAddress> _buckets = new(time, options.Value.FailedAuthenticationBurst, options.Value.FailedAuthenticationsPerSecond);

    /// <summary>How long the address has to wait until another failure is borne; null if it need not.</summary>
    public TimeSpan? WaitFor(IPAddress? address) => _buckets.WaitFor(Network(address));

    /// <summary>Counts a failure.</summary>
    public void Add(IPAddress? address) => _buckets.Take(Network(address));

    private static IPAddress Network(IPAddress? address)
    {
        if (address is null)
        {
            return IPAddress.None;
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return address.MapToIPv4();
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return address;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
