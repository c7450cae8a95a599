using System.Text.Json;
using System.Text.Json.Serialization;

namespace ModelFlow.Core.Traffic;

/// <summary>Writes a histogram as base64 of unsigned LEB128 pairs: the step from the bin before (the first from 0), then the count.</summary>
internal sealed class LogHistogramConverter : JsonConverter<LogHistogram>
{
    public override LogHistogram Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.String || !reader.TryGetBytesFromBase64(out var bytes))
        {
            throw new JsonException("A histogram is a base64 text.");
        }

        var bins = new List<int>();
        var counts = new List<long>();
        ReadOnlySpan<byte> rest = bytes;
        while (rest.Length > 0)
        {
            var step = ReadNumber(ref rest);
            var count = ReadNumber(ref rest);
            var bin = (bins.Count == 0 ? 0 : bins[^1]) + (long)Math.Min(step, int.MaxValue);
            if ((step == 0 && bins.Count > 0) || bin > LogHistogram.LastBin || count is 0 or > (1UL << 50))
            {
                throw new JsonException($"A histogram has rising bins up to {LogHistogram.LastBin}, none empty.");
            }

            bins.Add((int)bin);
            counts.Add((long)count);
        }

        return bins.Count == 0 ? LogHistogram.Empty : new LogHistogram([.. bins], [.. counts]);
    }

    public override void Write(Utf8JsonWriter writer, LogHistogram value, JsonSerializerOptions options)
    {
        // A bin takes at most 2 bytes for its step and 9 for a count below 2^63.
        Span<byte> bytes = stackalloc byte[value.Bins.Length * 11];
        var length = 0;
        var last = 0;
        for (var i = 0; i < value.Bins.Length; i++)
        {
            WriteNumber(bytes, ref length, (ulong)(value.Bins[i] - last));
            WriteNumber(bytes, ref length, (ulong)value.Counts[i]);
            last = value.Bins[i];
        }

        writer.WriteBase64StringValue(bytes[..length]);
    }

    private static ulong ReadNumber(ref ReadOnlySpan<byte> from)
    {
        var number = 0UL;
        for (var shift = 0; shift < 63; shift += 7)
        {
            if (from.Length == 0)
            {
                break;
            }

            var part = from[0];
            from = from[1..];
            number |= (ulong)(part & 0x7F) << shift;
            if (part < 0x80)
            {
                return number;
            }
        }

        throw new JsonException("A histogram ends in the middle of a number.");
    }

    private static void WriteNumber(Span<byte> to, ref int length, ulong number)
    {
        for (; number >= 0x80; number >>= 7)
        {
            to[length++] = (byte)(number | 0x80);
        }

        to[length++] = (byte)number;
    }
}
