using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;

namespace ModelFlow.Core.Evaluation;

/// <summary>
/// A deterministic generator: the same seed text gives the same numbers on every machine and in every version of .NET.
/// xoshiro256** 1.0 (Blackman and Vigna, Scrambled Linear Pseudorandom Number Generators, ACM TOMS 47(4), 2021),
/// its state filled from the seed's SHA-256. For statistics, never for secrets.
/// </summary>
public sealed class SeededGenerator
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Starts a sequence that depends on <paramref name="seed"/> alone.</summary>
    public SeededGenerator(string seed)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes(seed), hash);
        _s0 = BinaryPrimitives.ReadUInt64LittleEndian(hash);
        _s1 = BinaryPrimitives.ReadUInt64LittleEndian(hash[8..]);
        _s2 = BinaryPrimitives.ReadUInt64LittleEndian(hash[16..]);
        _s3 = BinaryPrimitives.ReadUInt64LittleEndian(hash[24..]);
    }

    /// <summary>64 random bits.</summary>
    public ulong NextBits()
    {
        var result = BitOperations.RotateLeft(_s1 * 5, 7) * 9;
        var t = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= t;
        _s3 = BitOperations.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>Uniform over the open interval from 0 to 1.</summary>
    public double NextDouble() => ((NextBits() >> 11) + 0.5) * (1.0 / (1UL << 53));

    /// <summary>Uniform over 0 to <paramref name="count"/> − 1.</summary>
    public int NextIndex(int count) => (int)Math.BigMul(NextBits(), (ulong)count, out _);

    /// <summary>
    /// A binomial variate: how many of <paramref name="count"/> trials succeed, each with <paramref name="probability"/>.
    /// Inversion where few successes are expected, else transformed rejection: algorithm BTRS of Hörmann, The Generation of
    /// Binomial Random Variates, Journal of Statistical Computation and Simulation 46, 1993.
    /// </summary>
    public long NextBinomial(long count, double probability)
    {
        if (count <= 0 || probability <= 0)
        {
            return 0;
        }

        if (probability >= 1)
        {
            return count;
        }

        if (probability > 0.5)
        {
            return count - NextBinomial(count, 1 - probability);
        }

        return count * probability < 10 ? ByInversion(count, probability) : ByRejection(count, probability);
    }

    private long ByInversion(long count, double p)
    {
        var odds = p / (1 - p);
        while (true)
        {
            var u = NextDouble();
            var term = Math.Exp(count * Math.Log(1 - p));
            for (long k = 0; k <= count; k++)
            {
                if (u < term)
                {
                    return k;
                }

                u -= term;
                term *= odds * (count - k) / (k + 1);
                if (term <= 0)
                {
                    break; // rounding ate the last of the mass: draw again
                }
            }
        }
    }

    private long ByRejection(long count, double p)
    {
        double n = count;
        var deviation = Math.Sqrt(n * p * (1 - p));
        var b = 1.15 + (2.53 * deviation);
        var a = -0.0873 + (0.0248 * b) + (0.01 * p);
        var c = (n * p) + 0.5;
        var vr = 0.92 - (4.2 / b);
        var odds = p / (1 - p);
        var alpha = (2.83 + (5.1 / b)) * deviation;
        var mode = Math.Floor((n + 1) * p);
        while (true)
        {
            var u = NextDouble() - 0.5;
            var v = NextDouble();
            var us = 0.5 - Math.Abs(u);
            var k = Math.Floor((((2 * a / us) + b) * u) + c);
            if (k < 0 || k > n)
            {
                continue;
            }

            if (us >= 0.07 && v <= vr)
            {
                return (long)k;
            }

            var accept = ((mode + 0.5) * Math.Log((mode + 1) / (odds * (n - mode + 1))))
                + ((n + 1) * Math.Log((n - mode + 1) / (n - k + 1)))
                + ((k + 0.5) * Math.Log(odds * (n - k + 1) / (k + 1)))
                + StirlingTail(mode) + StirlingTail(n - mode) - StirlingTail(k) - StirlingTail(n - k);
            if (Math.Log(v * alpha / ((a / (us * us)) + b)) <= accept)
            {
                return (long)k;
            }
        }
    }

    // log(k!) less Stirling's formula, which the acceptance test above has already cancelled.
    private static double StirlingTail(double k)
    {
        ReadOnlySpan<double> exact =
        [
            0.0810614667953272, 0.0413406959554092, 0.0276779256849983, 0.0207906721037650, 0.0166446911898211,
            0.0138761288230707, 0.0118967099458917, 0.0104112652619720, 0.0092554621827127, 0.0083305634333631,
        ];
        if (k < exact.Length)
        {
            return exact[(int)k];
        }

        var next = k + 1;
        return ((1.0 / 12) - (((1.0 / 360) - (1.0 / 1260 / (next * next))) / (next * next))) / next;
    }
}
