using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>Who calls. Keys come as <c>Authorization: Bearer …</c> and are known by their SHA-256 only.</summary>
internal sealed class Clients : IDisposable
{
    private readonly Dictionary<Sha256Key, Client> _byHash = [];
    private readonly Client? _anonymous;

    public Clients(IOptions<GatewayOptions> options)
    {
        foreach (var key in options.Value.ClientKeys)
        {
            var hash = Convert.FromHexString(Sha256Digest.Parse(key.Sha256).ToString().AsSpan("sha256:".Length));
            _byHash[new Sha256Key(hash)] = new Client(key.Name, key.MayPin, key.Limits ?? options.Value.Limits.Client);
        }

        _anonymous = options.Value.Anonymous ? new Client("anonymous", options.Value.AnonymousMayPin, options.Value.Limits.Client) : null;
    }

    /// <summary>The client of a request; null if it has no valid key and needs one.</summary>
    public Client? Find(HttpContext context)
    {
        const string Scheme = "Bearer ";
        if (_byHash.Count == 0)
        {
            return _anonymous;
        }

        string? header = context.Request.Headers.Authorization;
        if (header is null || !header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length > 512)
        {
            return _anonymous;
        }

        Span<byte> key = stackalloc byte[512 * 3];
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(key[..Encoding.UTF8.GetBytes(header.AsSpan(Scheme.Length), key)], hash);
        return _byHash.TryGetValue(new Sha256Key(hash), out var client) ? client : _anonymous;
    }

    public void Dispose()
    {
        _anonymous?.Dispose();
        foreach (var client in _byHash.Values)
        {
            client.Dispose();
        }
    }

    // Hashes of unknown keys tell an attacker nothing, so comparing them need not take constant time.
    [StructLayout(LayoutKind.Auto)]
    private readonly record struct Sha256Key(UInt128 High, UInt128 Low)
    {
        public Sha256Key(ReadOnlySpan<byte> hash)
            : this(System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash), System.Buffers.Binary.BinaryPrimitives.ReadUInt128BigEndian(hash[16..]))
        {
        }
    }
}
