using System.Security.Cryptography;
using ModelFlow.Core.Naming;

namespace ModelFlow.Storage.Tests.Blobs;

/// <summary>Bytes without end of no pattern that a store could save space on, made as they are read: a big file without the memory.</summary>
internal sealed class PatternStream(long length) : Stream
{
    private static readonly byte[] Block = RandomNumberGenerator.GetBytes(1 << 20);
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => length;

    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public static Sha256Digest DigestOf(long length)
    {
        using var sha = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[Block.Length];
        using var stream = new PatternStream(length);
        int read;
        while ((read = stream.Read(buffer)) > 0)
        {
            sha.AppendData(buffer, 0, read);
        }

        return Sha256Digest.FromHash(sha.GetHashAndReset());
    }

    public override int Read(Span<byte> buffer)
    {
        var offset = (int)(_position % Block.Length);
        var count = (int)Math.Min(Math.Min(buffer.Length, Block.Length - offset), length - _position);
        Block.AsSpan(offset, count).CopyTo(buffer);

        // The block's number is in its first bytes, so that no two are the same.
        if (offset == 0 && count >= sizeof(long))
        {
            BitConverter.TryWriteBytes(buffer, _position);
        }

        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => ValueTask.FromResult(Read(buffer.Span));

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
