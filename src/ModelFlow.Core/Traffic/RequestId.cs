using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace ModelFlow.Core.Traffic;

/// <summary>What a gateway says of an answer in its id, signed by a <see cref="RequestIdSigner"/>, so that feedback can later be booked on the version that really answered.</summary>
/// <param name="At">When the answer began, to the millisecond.</param>
/// <param name="Unique">Tells ids of the same millisecond apart.</param>
/// <param name="Generation">The route generation that chose the version.</param>
/// <param name="Version">The version's index among those of that generation, 0 to 255: first those the route names, as in <see cref="RouteTable.Versions"/>, then others as the gateway came to know them.</param>
/// <param name="SubBucket">The group of the sticky key, 0 to 63.</param>
/// <param name="Kind">How the request came to the version.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RequestId(DateTimeOffset At, ulong Unique, long Generation, int Version, int SubBucket, TrafficKind Kind = TrafficKind.Normal)
{
    /// <summary>How many bytes an id has without its slice and its signature.</summary>
    internal const int Bytes = 24;

    /// <summary>The slice that the client named, as <see cref="SliceName"/> counts it; null without one.</summary>
    public string? Slice { get; init; }

    /// <summary>Writes the id as bytes: 6 of time (milliseconds since 1970), 8 unique, 8 of generation, 1 of version index, 1 of kind (the upper two bits) and sub-bucket; all big-endian.</summary>
    internal void Write(Span<byte> to)
    {
        BinaryPrimitives.WriteInt64BigEndian(to, At.ToUnixTimeMilliseconds() << 16);
        BinaryPrimitives.WriteUInt64BigEndian(to[6..], Unique);
        BinaryPrimitives.WriteInt64BigEndian(to[14..], Generation);
        to[22] = (byte)Version;
        to[23] = (byte)(SubBucket | ((int)Kind << 6));
    }

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    internal static RequestId Read(ReadOnlySpan<byte> from) => new(
        DateTimeOffset.FromUnixTimeMilliseconds((long)(BinaryPrimitives.ReadUInt64BigEndian(from) >> 16)),
        BinaryPrimitives.ReadUInt64BigEndian(from[6..]),
        BinaryPrimitives.ReadInt64BigEndian(from[14..]),
        from[22],
        from[23] & 63,
        (TrafficKind)(from[23] >> 6));
}
