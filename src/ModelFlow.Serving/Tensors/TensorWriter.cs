using System.Runtime.InteropServices;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ModelFlow.Serving.Tensors;

/// <summary>Writes the elements of a tensor as one flat JSON array in row-major order, straight from memory of the native runtime.</summary>
internal static class TensorWriter
{
    private const int LongestElement = 32;

    /// <summary>Writes the array.</summary>
    /// <exception cref="NonFiniteException">An element is NaN or infinite: JSON has no such number.</exception>
    public static void Write(PooledBuffer buffer, OrtValue tensor, TensorElementType type, int elements, string name)
    {
        switch (type)
        {
            case TensorElementType.String: WriteStrings(buffer, tensor, elements, name); break;
            case TensorElementType.Bool: WriteNumbers<bool, BoolElement>(buffer, tensor, name); break;
            case TensorElementType.Float: WriteNumbers<float, Fp32Element>(buffer, tensor, name); break;
            case TensorElementType.Double: WriteNumbers<double, Fp64Element>(buffer, tensor, name); break;
            case TensorElementType.Float16: WriteNumbers<Half, Fp16Element>(buffer, tensor, name); break;
            case TensorElementType.Int8: WriteNumbers<sbyte, Int8Element>(buffer, tensor, name); break;
            case TensorElementType.Int16: WriteNumbers<short, Int16Element>(buffer, tensor, name); break;
            case TensorElementType.Int32: WriteNumbers<int, Int32Element>(buffer, tensor, name); break;
            case TensorElementType.Int64: WriteNumbers<long, Int64Element>(buffer, tensor, name); break;
            case TensorElementType.UInt8: WriteNumbers<byte, UInt8Element>(buffer, tensor, name); break;
            case TensorElementType.UInt16: WriteNumbers<ushort, UInt16Element>(buffer, tensor, name); break;
            case TensorElementType.UInt32: WriteNumbers<uint, UInt32Element>(buffer, tensor, name); break;
            case TensorElementType.UInt64: WriteNumbers<ulong, UInt64Element>(buffer, tensor, name); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type of the protocol.");
        }
    }

    private static void WriteNumbers<T, TElement>(PooledBuffer buffer, OrtValue tensor, string name)
        where T : unmanaged
        where TElement : IElement<T>
    {
        var elements = MemoryMarshal.Cast<byte, T>(tensor.GetTensorMutableRawData());
        var span = buffer.GetSpan(LongestElement + 1);
        var at = 0;
        span[at++] = (byte)'[';
        for (var i = 0; i < elements.Length; i++)
        {
            if (span.Length - at < LongestElement + 2)
            {
                buffer.Advance(at);
                span = buffer.GetSpan((int)Math.Clamp((elements.Length - i) * 4L, 256, 65_536));
                at = 0;
            }

            if (i > 0)
            {
                span[at++] = (byte)',';
            }

            if (!TElement.TryWrite(elements[i], span[at..], out var written))
            {
                throw new NonFiniteException(name, i);
            }

            at += written;
        }

        span[at++] = (byte)']';
        buffer.Advance(at);
    }

    private static void WriteStrings(PooledBuffer buffer, OrtValue tensor, int elements, string name)
    {
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartArray();
        for (var i = 0; i < elements; i++)
        {
            try
            {
                writer.WriteStringValue(tensor.GetStringElementAsSpan(i));
            }
            catch (ArgumentException)
            {
                throw new NotTextException(name, i);
            }
        }

        writer.WriteEndArray();
    }
}

/// <summary>The model answered with a value that is no number.</summary>
internal sealed class NonFiniteException(string output, int index)
    : Exception($"The model's output '{output}' is NaN or infinite at element {index}: such an answer cannot be used, and JSON has no such number.");

/// <summary>The model answered with bytes that are no text.</summary>
internal sealed class NotTextException(string output, int index)
    : Exception($"The model's output '{output}' is not UTF-8 text at element {index}: JSON cannot carry it.");
