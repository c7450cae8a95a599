using System.Collections.Concurrent;
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
    private const int MostAddresses = 10_000;

    private readonly ConcurrentDictionary<IPAddress, Bucket> _buckets = new();

    /// <summary>How long the address has to wait until another failure is borne; null if it need not.</summary>
    public TimeSpan? WaitFor(IPAddress? address)
    {
        if (!_buckets.TryGetValue(Network(address), out var bucket))
        {
            return null;
        }

        lock (bucket)
        {
            Refill(bucket);
            return bucket.Left >= 1 ? null : TimeSpan.FromSeconds(Math.Ceiling((1 - bucket.Left) / options.Value.FailedAuthenticationsPerSecond));
        }
    }

    /// <summary>Counts a failure.</summary>
    public void Add(IPAddress? address)
    {
        if (_buckets.Count >= MostAddresses)
        {
            _buckets.Clear();
        }

        var bucket = _buckets.GetOrAdd(Network(address), _ => new Bucket { Left = options.Value.FailedAuthenticationBurst, At = time.GetUtcNow() });
        lock (bucket)
        {
            Refill(bucket);
            bucket.Left = Math.Max(0, bucket.Left - 1);
        }
    }

    private void Refill(Bucket bucket)
    {
        var now = time.GetUtcNow();
        var earned = Math.Max(0, (now - bucket.At).TotalSeconds) * options.Value.FailedAuthenticationsPerSecond;
        bucket.Left = Math.Min(options.Value.FailedAuthenticationBurst, bucket.Left + earned);
        bucket.At = now;
    }

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

    private sealed class Bucket
    {
        public double Left { get; set; }

        public DateTimeOffset At { get; set; }
    }
}
