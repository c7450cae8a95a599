using System.Buffers.Binary;
using System.Text;
using ModelFlow.Evaluator.Gguf;
using ModelFlow.Testing;

namespace ModelFlow.Evaluator.Tests.Gguf;

/// <summary>Real files read right; whatever else comes is refused, and nothing but that.</summary>
public sealed class GgufFileReaderTests
{
    private static readonly string Samples = Path.Combine(RepositoryRoot.Find(), "samples", "austen");
    private static readonly byte[] Small = File.ReadAllBytes(Path.Combine(Samples, "v1.0.0-small.gguf"));

    [Fact]
    public void Read_realModel_saysWhatItIs()
    {
        var file = Read(Small);
        Assert.Equal((3, "llama", "Q8_0", "gpt2"), (file.Version, file.Architecture, file.Quantisation, file.TokenizerModel));
        Assert.Equal((256, 1024, null), (file.Signature.ContextLength, file.Signature.VocabularySize, file.Signature.ChatTemplate));
        Assert.InRange(file.Parameters, 420_000, 440_000);
    }

    [Fact]
    public void Read_tokenizers_areToldApart()
    {
        var small = Read(Small).Signature.Tokenizer;
        Assert.Equal(small, Read(File.ReadAllBytes(Path.Combine(Samples, "v1.2.0-base.gguf"))).Signature.Tokenizer);
        Assert.NotEqual(small, Read(File.ReadAllBytes(Path.Combine(Samples, "v1.3.0-wrong-tokenizer.gguf"))).Signature.Tokenizer);
    }

    [Fact]
    public void Read_cutAnywhere_isRefused()
    {
        // Every byte of the first kilobytes, then further apart: within names, lists, tensors and data.
        for (var length = 0; length < Small.Length - 32; length += length < 1_000 ? 1 : 1_997)
        {
            Assert.Throws<InvalidDataException>(() => Read(Small[..length]));
        }
    }

    [Fact]
    public void Read_cutFile_saysHowMuchIsMissing()
    {
        var e = Assert.Throws<InvalidDataException>(() => Read(File.ReadAllBytes(Path.Combine(Samples, "v1.4.0-truncated.gguf"))));
        Assert.Contains("lie beyond its 200000 bytes", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_randomDamage_isReadOrRefused_neverAnythingElse()
    {
        var random = new Random(11);
        for (var i = 0; i < 1_000; i++)
        {
            var bytes = Small[..40_000];
            for (var n = random.Next(1, 8); n > 0; n--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            Assert.IsType<InvalidDataException>(Record.Exception(() => Read(bytes)));
        }
    }

    [Theory]
    [InlineData(8, "the number of tensors")]
    [InlineData(16, "the number of metadata")]
    [InlineData(24, "the name of a metadatum")]
    public void Read_absurdCount_isRefusedBeforeMemoryIsTaken(int at, string what)
    {
        var bytes = Small.ToArray();
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(at), ulong.MaxValue - 7);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var e = Assert.Throws<InvalidDataException>(() => Read(bytes));
        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_000_000);
        Assert.Contains(what, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_tensorThatOverflows_isRefused()
    {
        var bytes = Header(w =>
        {
            Text(w, "huge");
            w.Write(3u);
            w.Write(1UL << 40);
            w.Write(1UL << 40);
            w.Write(1UL << 40);
            w.Write(0u);
            w.Write(0UL);
        });
        Assert.Contains("larger than the file", Assert.Throws<InvalidDataException>(() => Read(bytes)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(0UL, 99u, "unknown type 99")]
    [InlineData(7UL, 0u, "no multiple of the alignment")]
    [InlineData(1_048_576UL, 0u, "beyond")]
    [InlineData(ulong.MaxValue - 31, 0u, "")]
    public void Read_tensorInTheWrongPlace_isRefused(ulong offset, uint type, string reason)
    {
        var bytes = Header(w =>
        {
            Text(w, "t");
            w.Write(1u);
            w.Write(8UL);
            w.Write(type);
            w.Write(offset);
        });
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Read(bytes)).Message, StringComparison.Ordinal);
    }

    private static GgufFile Read(byte[] bytes)
    {
        using var stream = new MemoryStream(bytes);
        return GgufFileReader.Read(stream);
    }

    // A whole header with one tensor, and room for its data.
    private static byte[] Header(Action<BinaryWriter> tensor)
    {
        using var stream = new MemoryStream();
        using var writer = new BinaryWriter(stream);
        writer.Write("GGUF"u8);
        writer.Write(3u);
        writer.Write(1UL);
        writer.Write(4UL);
        Text(writer, "general.architecture");
        writer.Write(8u);
        Text(writer, "llama");
        Text(writer, "llama.context_length");
        writer.Write(4u);
        writer.Write(64u);
        Text(writer, "tokenizer.ggml.model");
        writer.Write(8u);
        Text(writer, "gpt2");
        Text(writer, "tokenizer.ggml.tokens");
        writer.Write(9u);
        writer.Write(8u);
        writer.Write(1UL);
        Text(writer, "a");
        tensor(writer);
        writer.Write(new byte[4_096]);
        return stream.ToArray();
    }

    private static void Text(BinaryWriter writer, string text)
    {
        writer.Write((ulong)text.Length);
        writer.Write(Encoding.ASCII.GetBytes(text));
    }
}
