using System.Net;
using System.Net.Sockets;

namespace ModelFlow.Notifications;

/// <summary>Which network addresses messages may be sent to: a subscription must not make ModelFlow call what only ModelFlow can reach.</summary>
internal static class ReceiverAddress
{
    /// <summary>Whether <paramref name="address"/> may be sent to.</summary>
    /// <param name="address">What the receiver's name resolved to.</param>
    /// <param name="allowPrivate">Whether loopback and private networks are allowed.</param>
    public static bool IsAllowed(IPAddress address, bool allowPrivate)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return !IsNever(plain) && (allowPrivate || !(IPAddress.IsLoopback(plain) || IsPrivate(plain)));
    }

    // Unspecified, link-local (where clouds keep metadata and tokens), multicast and broadcast.
    private static bool IsNever(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return address.Equals(IPAddress.IPv6Any) || address.IsIPv6LinkLocal || address.IsIPv6Multicast || address.IsIPv6SiteLocal;
        }

        var b = address.GetAddressBytes();
        return b[0] == 0 || (b[0] == 169 && b[1] == 254) || b[0] >= 224;
    }

    private static bool IsPrivate(IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetworkV6)
        {
            return address.IsIPv6UniqueLocal;
        }

        // RFC 1918, and RFC 6598 (carrier-grade NAT; Azure's wire server 168.63.129.16 beside them).
        var b = address.GetAddressBytes();
        return b[0] == 10
            || (b[0] == 172 && b[1] is >= 16 and < 32)
            || (b[0] == 192 && b[1] == 168)
            || (b[0] == 100 && b[1] is >= 64 and < 128)
            || (b[0] == 168 && b[1] == 63 && b[2] == 129 && b[3] == 16);
    }
}
