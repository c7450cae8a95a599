using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace ModelFlow.LocalHost.Processes;

/// <summary>Ports on 127.0.0.1.</summary>
internal static class LoopbackPorts
{
    // Below the range from which systems give ports to outgoing connections (32768 and up on Linux, 49152 by IANA): a port in that
    // range can be gone when a child is to listen on it again after a restart.
    private const int First = 20_000;
    private const int End = 32_000;

    /// <summary>Whether nobody listens on the port.</summary>
    public static bool IsFree(int port)
    {
        try
        {
            using var listener = new TcpListener(IPAddress.Loopback, port);
            listener.Start();
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }

    /// <summary>A free port that is none of <paramref name="taken"/>.</summary>
    public static int Choose(IReadOnlyCollection<int> taken)
    {
        for (var i = 0; i < 1_000; i++)
        {
            var port = RandomNumberGenerator.GetInt32(First, End);
            if (!taken.Contains(port) && IsFree(port))
            {
                return port;
            }
        }

        throw new InvalidOperationException($"No free port between {First} and {End} on 127.0.0.1.");
    }
}
