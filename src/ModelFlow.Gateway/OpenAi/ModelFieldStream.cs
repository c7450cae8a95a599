using System.Buffers;
using System.Text;
using System.Text.Json;

namespace ModelFlow.Gateway.OpenAi;

/// <summary>
/// A request body in which the outermost <c>model</c> names what the model server calls the version; where the body names no model, it
/// is added. Passes everything else on byte by byte as it comes, keeping no more than one small buffer.
/// </summary>
internal sealed class ModelFieldStream(Stream body, ReadOnlyMemory<byte> servedModel) : Stream
{
    private const int BufferBytes = 16 * 1024;

    private MemberScanner _scanner = new("model");
    private byte[]? _buffer;
    private int _at;
    private int _end;
    private ReadOnlyMemory<byte> _insert;
    private bool _inModel;
    private bool _hasModel;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>A model's name as JSON.</summary>
    public static byte[] Quote(string servedModel) => Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(servedModel)}\"");

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (buffer.IsEmpty)
        {
            return _at < _end || !_insert.IsEmpty ? 0 : await body.ReadAsync(buffer, cancellationToken);
        }

        while (true)
        {
            var written = Write(buffer.Span);
            if (written > 0)
            {
                return written;
            }

            _buffer ??= ArrayPool<byte>.Shared.Rent(BufferBytes);
            _at = 0;
            _end = await body.ReadAsync(_buffer, cancellationToken);
            if (_end == 0)
            {
                // Only here is it certain that nobody reads into it any longer. A body that breaks off leaves it to the collector.
                ArrayPool<byte>.Shared.Return(_buffer);
                _buffer = null;
                return 0;
            }
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    private int Write(Span<byte> to)
    {
        var written = 0;
        while (written < to.Length)
        {
            if (!_insert.IsEmpty)
            {
                var length = Math.Min(_insert.Length, to.Length - written);
                _insert.Span[..length].CopyTo(to[written..]);
                _insert = _insert[length..];
                written += length;
                continue;
            }

            if (_at == _end)
            {
                break;
            }

            var next = _buffer.AsSpan(_at, Math.Min(_end - _at, to.Length - written));
            var scanned = _scanner.Scan(next, out var found);
            if (!_inModel)
            {
                next[..scanned].CopyTo(to[written..]);
                written += scanned;
            }

            _at += scanned;
            React(found);
        }

        return written;
    }

    private void React(ScanEvent found)
    {
        switch (found)
        {
            case ScanEvent.ValueBegins:
                _insert = servedModel;
                _inModel = _hasModel = true;
                break;
            case ScanEvent.ValueEnds:
                _inModel = false;
                break;
            case ScanEvent.ObjectEnds when !_hasModel:
                _insert = (byte[])[.. _scanner.HasMembers ? ","u8 : [], .. "\"model\":"u8, .. servedModel.Span];
                break;
            case ScanEvent.Malformed:
                throw new BadHttpRequestException("The body is not a JSON object in UTF-8.", StatusCodes.Status400BadRequest);
        }
    }
}
