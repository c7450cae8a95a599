using System.Text;
using CsCheck;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Manifests;

public sealed class ManifestWriterTests
{
    private static readonly Gen<string> Word = Gen.String[Gen.Char["abcdefghijklmnopqrstuvwxyz0123456789"], 1, 12];

    private static readonly string[] Letters = ["a", "\"", "\\", "\n", "\t", "é", "日", "😀", "/", "<", " "];

    // Any text that a person could write: quotes, backslashes, line breaks, letters beyond ASCII and beyond 16 bits.
    private static readonly Gen<string> Text = Gen.Int[0, Letters.Length - 1].Select(i => Letters[i]).Array[0, 12].Select(string.Concat);

    private static readonly Gen<Sha256Digest> Digest = Gen.Byte.Array[32].Select(b => Sha256Digest.FromHash(b));

    private static readonly Gen<Lineage> Origins = Gen.Select(
        Gen.Select(Word, Digest.Nullable(), (name, digest) => new TrainingData(name, digest, null)).Null(),
        Gen.Dictionary(Word, Text)[0, 5],
        Gen.Bool,
        Gen.Long[0, new DateTime(2100, 1, 1).Ticks].Nullable(),
        (dataset, parameters, parent, trained) => new Lineage
        {
            Dataset = dataset,
            Parameters = parameters,
            GitCommit = parent ? new string('b', 40) : null,
            Parent = parent ? VersionName.Parse("v0.9.0-base") : null,
            TrainedAt = trained is { } ticks ? new DateTimeOffset(ticks, TimeSpan.Zero) : null,
        });

    private static readonly Gen<Manifest> Manifests = Gen.Select(
        Gen.Select(Word, Gen.Long[0, ManifestReader.MaxFileBytes], Digest).Array[1, 10],
        Text.Null(),
        Origins,
        Gen.Dictionary(Word, Gen.Double.Where(double.IsFinite))[0, 5],
        (files, description, lineage, metrics) => new Manifest
        {
            Model = ModelName.Parse("digits"),
            Version = VersionName.Parse("v1.2.3-large"),
            Format = "onnx",
            Files = [.. files.DistinctBy(f => f.Item1).Select(f => new ManifestFile(f.Item1, f.Item2, f.Item3)).OrderBy(f => f.Path, StringComparer.Ordinal)],
            Description = description,
            Lineage = lineage,
            Metrics = metrics,
        });

    [Fact]
    public void Write_anyManifest_readsBackEqualWithTheSameDigest() => Manifests.Sample(manifest =>
    {
        var bytes = ManifestWriter.Write(manifest);
        var read = Assert.IsType<ParseManifest.Parsed>(ManifestReader.Read(bytes)).Manifest;
        Assert.Equal(manifest, read);
        Assert.Equal(bytes, ManifestWriter.Write(read));
        Assert.Equal(Sha256Digest.Of(bytes), ManifestWriter.DigestOf(read));
    }, iter: 2_000);

    [Fact]
    public void DigestOf_filesAndEntriesInOtherOrder_same() => Manifests.Sample(manifest =>
    {
        var shuffled = manifest with
        {
            Files = [.. manifest.Files.Reverse()],
            Metrics = manifest.Metrics.Reverse().ToDictionary(StringComparer.Ordinal),
        };
        Assert.Equal(ManifestWriter.DigestOf(manifest), ManifestWriter.DigestOf(shuffled));
    }, iter: 500);

    [Fact]
    public void Write_knownManifest_isTheseBytes()
    {
        var manifest = new Manifest
        {
            Model = ModelName.Parse("digits"),
            Version = VersionName.Parse("v1.0.0"),
            Format = "onnx",
            Files = [new("b", 2, Sha256Digest.Of("b")), new("a", 1, Sha256Digest.Of("a"))],
            Description = "é\u0001\"\n",
            Lineage = new Lineage { TrainedAt = new DateTimeOffset(2026, 1, 31, 13, 0, 0, 500, TimeSpan.FromHours(1)) },
            Metrics = new Dictionary<string, double> { ["loss"] = 1e-7, ["accuracy"] = 1 },
        };
        Assert.Equal(
            "{\"description\":\"é\\u0001\\\"\\n\",\"files\":["
            + "{\"path\":\"a\",\"sha256\":\"ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb\",\"size\":1},"
            + "{\"path\":\"b\",\"sha256\":\"3e23e8160039594a33894f6564e1b1348bbd7a0088d42c4acb73eeaed59c009d\",\"size\":2}],"
            + "\"format\":\"onnx\",\"lineage\":{\"trainedAt\":\"2026-01-31T12:00:00.5Z\"},\"metrics\":{\"accuracy\":1,\"loss\":1e-7},"
            + "\"model\":\"digits\",\"schema\":\"modelflow/manifest/v1\",\"version\":\"v1.0.0\"}",
            Encoding.UTF8.GetString(ManifestWriter.Write(manifest)));
    }

    // RFC 8785, appendix B, and ECMA-262's Number::toString at the edges of its layouts.
    [Theory]
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void CanonicalNumber_doubleOfTheRfc_asThere(ulong bits, string expected)
    {
        var json = new StringBuilder();
        CanonicalNumber.Write(json, BitConverter.UInt64BitsToDouble(bits));
        Assert.Equal(expected, json.ToString());
    }

    [Fact]
    public void CanonicalNumber_notFinite_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => CanonicalNumber.Write(new StringBuilder(), double.NaN));
}
