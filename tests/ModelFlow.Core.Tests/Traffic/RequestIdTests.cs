using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Traffic;

public sealed class RequestIdTests : IDisposable
{
    private static readonly ModelName Digits = ModelName.Parse("digits");
    private static readonly byte[] Key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static readonly Gen<RequestId> Ids = Gen.Select(Gen.Long[0, 4_000_000_000_000], Gen.ULong, Gen.Long[1, long.MaxValue], Gen.Int[0, 255], Gen.Int[0, 63], Gen.Enum<TrafficKind>())
        .Select((ms, unique, generation, version, sub, kind) => new RequestId(DateTimeOffset.FromUnixTimeMilliseconds(ms), unique, generation, version, sub, kind));

    private readonly RequestIdSigner _signer = new(Key);

    public void Dispose() => _signer.Dispose();

    [Fact]
    public void Sign_anyId_isReadBack() => Ids.Sample(id =>
    {
        var text = _signer.Sign(Digits, id);
        Assert.Equal(RequestIdSigner.Length, text.Length);
        Assert.True(_signer.TryVerify(text, Digits, out var read));
        Assert.Equal(id, read);
    });

    [Fact]
    public void Sign_idWithASlice_isReadBack_andIsNoIdOfAnotherModelOrSlice() => Gen.Select(Ids, Gen.Char["abcXYZ019-_."].Array[1, SliceName.MaxLength]).Sample((id, letters) =>
    {
        var named = id with { Slice = new string(letters) };
        var text = _signer.Sign(Digits, named);
        Assert.InRange(text.Length, RequestIdSigner.Length + 1, 96);
        Assert.True(_signer.TryVerify(text, Digits, out var read));
        Assert.Equal(named, read);

        // The same bytes cut elsewhere: a model whose name goes on with the slice's, or an id without the slice.
        var bytes = Base64Url.DecodeFromChars(text);
        Assert.False(_signer.TryVerify(Base64Url.EncodeToString([.. bytes[..24], .. bytes[^16..]]), Digits, out _));
        Assert.False(_signer.TryVerify(Base64Url.EncodeToString([.. bytes[..24], .. bytes[^16..]]), ModelName.Parse("digitsa"), out _));
        Assert.False(_signer.TryVerify(text, ModelName.Parse("digits2"), out _));
        bytes[24] ^= 1;
        Assert.False(_signer.TryVerify(Base64Url.EncodeToString(bytes), Digits, out _));
    });

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("de", "de")]
    [InlineData("en-GB_v1.2", "en-GB_v1.2")]
    [InlineData("zwei Worte", "other")]
    [InlineData("grün", "other")]
    [InlineData("a/b", "other")]
    [InlineData("a234567890123456789012345678901234567890", "other")]
    public void SliceName_ofAHeader_isItsNameOrOther(string? header, string? slice) => Assert.Equal(slice, SliceName.Of(header));

    [Fact]
    public void Sign_signature_isTheHmacThatAnybodyWithTheKeyCanCompute() => Ids.Sample(id =>
    {
        var bytes = Base64Url.DecodeFromChars(_signer.Sign(Digits, id));
        byte[] signed = [.. Encoding.ASCII.GetBytes("digits"), .. bytes[..24]];
        var mac = HMACSHA256.HashData(Key, signed);
        Assert.Equal(mac[..16], bytes[24..]);
    });

    [Fact]
    public void TryVerify_anyCharacterChanged_refuses() => Gen.Select(Ids, Gen.Int[0, RequestIdSigner.Length - 1], Gen.Char["ABCDEFGHabcdefgh0123-_!"]).Sample((id, at, c) =>
    {
        var text = _signer.Sign(Digits, id);
        var other = text[..at] + c + text[(at + 1)..];

        // The last character has bits that stand for nothing.
        Assert.True(at == text.Length - 1 || string.Equals(text, other, StringComparison.Ordinal) || !_signer.TryVerify(other, Digits, out _));
    });

    [Fact]
    public void TryVerify_otherModelOrKeyOrShape_refuses()
    {
        var text = _signer.Sign(Digits, new RequestId(DateTimeOffset.UnixEpoch, 1, 2, 3, 4));
        using var other = new RequestIdSigner(new byte[32]);
        Assert.False(_signer.TryVerify(text, ModelName.Parse("austen"), out _));
        Assert.False(other.TryVerify(text, Digits, out _));
        Assert.False(_signer.TryVerify(text + "A", Digits, out _));
        Assert.False(_signer.TryVerify("", Digits, out _));
        Assert.False(_signer.TryVerify(null, Digits, out _));
    }

    [Fact]
    public void Constructor_shortKey_refuses() => Assert.Throws<ArgumentException>(() => new RequestIdSigner(new byte[31]));
}
