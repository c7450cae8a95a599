using System.Text;
using System.Text.Json;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Core.Audit;

/// <summary>What an anchor's hash and signature are made of.</summary>
public static class AnchorSeal
{
    // A signature under this key can never be taken for one of something else.
    private const string Purpose = "modelflow audit anchor 1\n";

    /// <summary>The hash of an anchor, after the hash before, as <see cref="HashChain"/> makes it.</summary>
    public static string HashOf(Anchor anchor)
    {
        ArgumentNullException.ThrowIfNull(anchor);
        return HashChain.Next(anchor.PreviousHash, JsonSerializer.SerializeToNode(anchor, CoreJson.Options)!); // An object never becomes null.
    }

    /// <summary>The bytes that are signed: a line that says for what, and the hash in hexadecimal digits.</summary>
    public static byte[] TextToSign(string hash) => Encoding.ASCII.GetBytes(Purpose + hash);

    /// <summary>Signs an anchor.</summary>
    public static SignedAnchor Sign(Anchor anchor, IAnchorSigner signer)
    {
        ArgumentNullException.ThrowIfNull(signer);
        var hash = HashOf(anchor);
        var signature = Convert.ToBase64String(signer.Sign(TextToSign(hash)));
        return new SignedAnchor(anchor, hash, Convert.ToBase64String(signer.Keys.First(k => string.Equals(k.Id, anchor.Key, StringComparison.Ordinal)).PublicKey.Span), signature);
    }
}
