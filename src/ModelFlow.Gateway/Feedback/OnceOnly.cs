using System.Buffers.Binary;
using System.IO.Hashing;
using System.Numerics;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Feedback;

/// <summary>
/// Remembers ids for a time in memory that does not grow: two Bloom filters (Bloom, "Space/time trade-offs in hash coding with allowable
/// errors", CACM 13(7), 1970) that take turns. An id is never taken twice within that time; of new ones at most 1 in 7,000 is wrongly
/// taken for known. Beyond its capacity nothing is taken, so that nothing is forgotten early. A restart forgets everything.
/// </summary>
internal sealed class OnceOnly(int capacity, TimeSpan remember)
{
    private const int Hashes = 13;
    private const int BitsPerId = 20;

    private readonly Lock _changing = new();
    private readonly long _bits = (long)BitOperations.RoundUpToPowerOf2((ulong)capacity * BitsPerId);
    private ulong[]? _current;
    private ulong[]? _before;
    private DateTimeOffset _since;
    private int _taken;

    /// <summary>Takes an id, if it is new.</summary>
    public Took Take(in RequestId id, DateTimeOffset now)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, id.At.ToUnixTimeMilliseconds());
        BinaryPrimitives.WriteUInt64LittleEndian(bytes[8..], id.Unique);
        var hash = XxHash128.HashToUInt128(bytes);
        lock (_changing)
        {
            Turn(now);
            _current ??= new ulong[_bits / 64];
            if (Has(_current, hash) || (_before is not null && Has(_before, hash)))
            {
                return Took.Known;
            }

            if (_taken >= capacity)
            {
                return Took.Full;
            }

            _taken++;
            for (var i = 0; i < Hashes; i++)
            {
                var bit = BitOf(hash, i);
                _current[bit >> 6] |= 1UL << (int)(bit & 63);
            }

            return Took.New;
        }
    }

    // What was taken in one turn is remembered through the whole next one.
    private void Turn(DateTimeOffset now)
    {
        if (now - _since < remember)
        {
            return;
        }

        var idle = now - _since >= remember * 2;
        (_current, _before) = (_before, _current);
        if (_current is not null)
        {
            Array.Clear(_current);
        }

        if (idle && _before is not null)
        {
            Array.Clear(_before);
        }

        _since = now;
        _taken = 0;
    }

    private bool Has(ulong[] filter, UInt128 hash)
    {
        for (var i = 0; i < Hashes; i++)
        {
            var bit = BitOf(hash, i);
            if ((filter[bit >> 6] & (1UL << (int)(bit & 63))) == 0)
            {
                return false;
            }
        }

        return true;
    }

    private long BitOf(UInt128 hash, int i) => (long)(((ulong)hash + ((ulong)i * ((ulong)(hash >> 64) | 1))) & (ulong)(_bits - 1));
}

/// <summary>What became of an id.</summary>
internal enum Took
{
    /// <summary>It was new.</summary>
    New,

    /// <summary>It was taken before.</summary>
    Known,

    /// <summary>There is no room.</summary>
    Full,
}
