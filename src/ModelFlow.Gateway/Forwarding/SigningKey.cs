using System.Security.Cryptography;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>The key that signs request ids: from the configuration, or made once and kept beside the routes, readable by the gateway's user only.</summary>
internal static class SigningKey
{
    public static byte[] Get(GatewayOptions options, ILogger logger) =>
        options.SigningKey is { } text ? Convert.FromBase64String(text) : ReadOrMake(options.DataDirectory, logger);

    private static byte[] ReadOrMake(string folder, ILogger logger)
    {
        var path = Path.Combine(folder, "signing.key");
        if (File.Exists(path) && File.ReadAllBytes(path) is { Length: >= RequestIdSigner.MinKeyBytes } kept)
        {
            return kept;
        }

        Directory.CreateDirectory(folder);
        var made = RandomNumberGenerator.GetBytes(RequestIdSigner.MinKeyBytes);
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
