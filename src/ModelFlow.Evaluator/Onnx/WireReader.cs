namespace ModelFlow.Evaluator.Onnx;

/// <summary>
/// Walks Protocol Buffers' wire format (https://protobuf.dev/programming-guides/encoding/) without trusting a length in it:
/// every field must end inside the message that holds it. Large payloads are skipped, not read.
/// </summary>
/// <param name="stream">Seekable.</param>
internal sealed class WireReader(Stream stream)
{
    private const int LongestText = 64 * 1024;

    public long Position => stream.Position;

    /// <summary>The next field of the message that ends at <paramref name="end"/>; false at its end.</summary>
    public bool NextField(long end, out int field, out int wireType)
    {
        field = 0;
        wireType = 0;
        if (stream.Position >= end)
        {
            return false;
        }

        var tag = Varint(end);
        field = (int)Math.Min(tag >> 3, int.MaxValue);
        wireType = (int)(tag & 7);
        return field > 0 && wireType is 0 or 1 or 2 or 5
            ? true
            : throw new InvalidDataException($"at byte {stream.Position} there is no Protocol Buffers field");
    }

    public ulong Varint(long end)
    {
        ulong value = 0;
        for (var shift = 0; shift < 64; shift += 7)
        {
            var next = stream.Position < end ? stream.ReadByte() : -1;
            if (next < 0)
            {
                throw new InvalidDataException($"a number is cut off at byte {stream.Position}");
            }

            value |= (ulong)(next & 0x7f) << shift;
            if ((next & 0x80) == 0)
            {
                return value;
            }
        }

        throw new InvalidDataException($"the number before byte {stream.Position} is too long");
    }

    /// <summary>Reads the length of a field and gives the position of its end.</summary>
    public long End(long end, string what)
    {
        var length = Varint(end);
        var left = (ulong)(end - stream.Position);
        return length <= left
            ? stream.Position + (long)length
            : throw new InvalidDataException($"the file is cut off or damaged: {what} should have {length} bytes from byte {stream.Position}, but only {left} are left");
    }

    public string Text(long end, string what)
    {
        var stop = End(end, what);
        var length = stop - stream.Position;
        if (length > LongestText)
        {
            throw new InvalidDataException($"{what} has {length} bytes; at most {LongestText} are allowed");
        }

        var bytes = new byte[length];
        stream.ReadExactly(bytes);
        return System.Text.Encoding.UTF8.GetString(bytes);
    }

    public void Skip(int wireType, long end, string what)
    {
        switch (wireType)
        {
            case 0:
                Varint(end);
                break;
            case 2:
                stream.Position = End(end, what);
                break;
            default:
                var next = stream.Position + (wireType == 1 ? 8 : 4);
                stream.Position = next <= end ? next : throw new InvalidDataException($"{what} is cut off at byte {stream.Position}");
                break;
        }
    }
}
