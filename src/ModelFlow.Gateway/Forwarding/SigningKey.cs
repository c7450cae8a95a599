using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>The key that signs request ids: from the configuration, or made once and kept beside the routes, readable by the gateway's user only.</summary>
internal sealed class SigningKey(IOptions<GatewayOptions> options, ILogger<SigningKey> logger)
{
    private readonly byte[] _bytes = options.Value.SigningKey is { } text ? Convert.FromBase64String(text) : ReadOrMake(options.Value.DataDirectory, logger);

    /// <summary>The key.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes;

    private static byte[] ReadOrMake(string folder, ILogger logger)
    {
        var path = Path.Combine(folder, "signing.key");
        if (File.Exists(path) && File.ReadAllBytes(path) is { Length: >= RequestId.MinKeyBytes } kept)
        {
            return kept;
        }

        Directory.CreateDirectory(folder);
        var made = RandomNumberGenerator.GetBytes(RequestId.MinKeyBytes);
        var how = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            how.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        using var file = new FileStream(path, how);
        file.Write(made);
        logger.SigningKeyMade(path);
        return made;
    }
}
