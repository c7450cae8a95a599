using System.Security.Cryptography;
using CsCheck;
using ModelFlow.Core.Audit;
using ModelFlow.Testing;

namespace ModelFlow.Core.Tests.Audit;

public sealed class AnchorSealTests : IDisposable
{
    private static readonly string[] Chains = ["model:digits", "_system", "release:digits-v1.0.0-1"];
    private static readonly Gen<AnchoredHead> Heads = Gen.Select(
        Gen.Int[0, Chains.Length - 1], Gen.Int[1, 1000], Gen.Bool, Gen.Bool, (c, n, h, o) => new AnchoredHead(Chains[c], n, h ? "a" : "b", o));

    private readonly AnchorSigner _signer = new();

    public void Dispose() => _signer.Dispose();

    [Fact]
    public void Signature_is_of_the_key_and_of_the_hash_alone()
    {
        var anchor = Anchor([new AnchoredHead("model:digits", 3, "abc")]);

        var signed = AnchorSeal.Sign(anchor, _signer);

        using var key = ECDsa.Create();
        key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(signed.PublicKey), out _);
        bool Verifies(string hash) => key.VerifyData(AnchorSeal.TextToSign(hash), Convert.FromBase64String(signed.Signature), HashAlgorithmName.SHA256, DSASignatureFormat.Rfc3279DerSequence);
        Assert.True(Verifies(signed.Hash));
        Assert.False(Verifies(AnchorSeal.HashOf(anchor with { Number = 2 })));
    }

    [Fact]
    public void Hash_is_another_for_every_other_anchor() => Gen.Select(Heads.List[0, 4], Heads.List[0, 4]).Sample((a, b) =>
        Assert.Equal(a.SequenceEqual(b), AnchorSeal.HashOf(Anchor(a)) == AnchorSeal.HashOf(Anchor(b))));

    private Anchor Anchor(IReadOnlyList<AnchoredHead> heads) => new() { Number = 1, At = Samples.Now, PreviousHash = "", Key = _signer.SigningKey!, Heads = heads };
}
