using System.Security.Cryptography;

namespace ModelFlow.LocalHost.Folder;

/// <summary>What the parts of one installation sign in to each other with. Made at the first start, kept after.</summary>
public sealed record HostSecrets
{
    /// <summary>The gateway's token at the API.</summary>
    public required string GatewayToken { get; init; }

    /// <summary>What pushes to the gateway's control port carry.</summary>
    public required string GatewayControl { get; init; }

    /// <summary>What clients of inference carry.</summary>
    public required string InferenceKey { get; init; }

    /// <summary>What load and unload orders to the model server carry.</summary>
    public required string ServingControl { get; init; }

    /// <summary>Azurite's account name.</summary>
    public required string StorageAccount { get; init; }

    /// <summary>Azurite's account key, base 64. Not the published one: other users of the machine can reach a loopback port.</summary>
    public required string StorageKey { get; init; }

    /// <summary>What subscriptions' addresses and keys are protected with in the tables, base 64 of 32 bytes. Null in a folder of an older ModelFlow.</summary>
    public string? ProtectionKey { get; init; }

    /// <summary>What anchors of the audit are signed with: a private key on P-256, base64 of PKCS #8. Null in a folder of an older ModelFlow.</summary>
    public string? AuditKey { get; init; }

    /// <summary>Reads the folder's secrets, or makes and keeps them.</summary>
    public static HostSecrets LoadOrCreate(DataFolder folder)
    {
        if (OwnedFile.Read<HostSecrets>(folder.SecretsFile) is { } kept)
        {
            var whole = kept with { ProtectionKey = kept.ProtectionKey ?? NewProtectionKey(), AuditKey = kept.AuditKey ?? NewAuditKey() };
            return whole == kept ? kept : Keep(folder, whole);
        }

        return Keep(folder, new HostSecrets
        {
            GatewayToken = NewToken(),
            GatewayControl = NewToken(),
            InferenceKey = NewToken(),
            ServingControl = NewToken(),
            StorageAccount = "modelflow",
            StorageKey = Convert.ToBase64String(RandomNumberGenerator.GetBytes(64)),
            ProtectionKey = NewProtectionKey(),
            AuditKey = NewAuditKey(),
        });
    }

    /// <summary>A new bearer token of 256 random bits.</summary>
    public static string NewToken() => "mf_" + Convert.ToBase64String(RandomNumberGenerator.GetBytes(32)).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    private static string NewProtectionKey() => Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));

    private static string NewAuditKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(key.ExportPkcs8PrivateKey());
    }

    private static HostSecrets Keep(DataFolder folder, HostSecrets secrets)
    {
        OwnedFile.Write(folder.SecretsFile, secrets);
        return secrets;
    }
}
