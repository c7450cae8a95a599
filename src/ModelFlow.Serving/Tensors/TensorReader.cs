using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Unicode;
using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;

namespace ModelFlow.Serving.Tensors;

/// <summary>
/// Reads the <c>data</c> of one tensor from JSON straight into memory of the native runtime. The protocol allows the
/// elements in one flat array in row-major order, or nested as the shape says; both are checked against the shape.
/// </summary>
internal static class TensorReader
{
    /// <summary>Reads the array that the reader stands on. The caller owns the tensor.</summary>
    /// <exception cref="RequestException">The data do not fit the type or the shape; names the element.</exception>
    public static OrtValue Read(ref Utf8JsonReader reader, TensorElementType type, long[] shape, string path)
    {
        if (type == TensorElementType.String)
        {
            return ReadStrings(ref reader, shape, path);
        }

        var tensor = OrtValue.CreateAllocatedTensorValue(OrtAllocator.DefaultInstance, type, shape);
        try
        {
            var bytes = tensor.GetTensorMutableRawData();
            switch (type)
            {
                case TensorElementType.Bool: ReadNumbers<bool, BoolElement>(ref reader, bytes, shape, path, "true or false"); break;
                case TensorElementType.Float: ReadNumbers<float, Fp32Element>(ref reader, bytes, shape, path, "a finite FP32 number"); break;
                case TensorElementType.Double: ReadNumbers<double, Fp64Element>(ref reader, bytes, shape, path, "a finite FP64 number"); break;
                case TensorElementType.Float16: ReadNumbers<Half, Fp16Element>(ref reader, bytes, shape, path, "a finite FP16 number"); break;
                case TensorElementType.Int8: ReadNumbers<sbyte, Int8Element>(ref reader, bytes, shape, path, "an INT8 number"); break;
                case TensorElementType.Int16: ReadNumbers<short, Int16Element>(ref reader, bytes, shape, path, "an INT16 number"); break;
                case TensorElementType.Int32: ReadNumbers<int, Int32Element>(ref reader, bytes, shape, path, "an INT32 number"); break;
                case TensorElementType.Int64: ReadNumbers<long, Int64Element>(ref reader, bytes, shape, path, "an INT64 number"); break;
                case TensorElementType.UInt8: ReadNumbers<byte, UInt8Element>(ref reader, bytes, shape, path, "a UINT8 number"); break;
                case TensorElementType.UInt16: ReadNumbers<ushort, UInt16Element>(ref reader, bytes, shape, path, "a UINT16 number"); break;
                case TensorElementType.UInt32: ReadNumbers<uint, UInt32Element>(ref reader, bytes, shape, path, "a UINT32 number"); break;
                case TensorElementType.UInt64: ReadNumbers<ulong, UInt64Element>(ref reader, bytes, shape, path, "a UINT64 number"); break;
                default: throw new ArgumentOutOfRangeException(nameof(type), type, "Not a type of the protocol.");
            }

            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
    }

    private static void ReadNumbers<T, TElement>(ref Utf8JsonReader reader, Span<byte> bytes, long[] shape, string path, string expected)
        where T : unmanaged
        where TElement : IElement<T>
    {
        var elements = MemoryMarshal.Cast<byte, T>(bytes);
        var layout = DataLayout.Begin(ref reader, shape, path);
        for (var i = 0; layout.Next(ref reader, i); i++)
        {
            if (!TElement.TryRead(ref reader, out elements[i]))
            {
                throw layout.BadElement(ref reader, i, expected);
            }
        }
    }

    private static OrtValue ReadStrings(ref Utf8JsonReader reader, long[] shape, string path)
    {
        var tensor = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        byte[]? rented = null;
        try
        {
            var layout = DataLayout.Begin(ref reader, shape, path);
            for (var i = 0; layout.Next(ref reader, i); i++)
            {
                if (reader.TokenType != JsonTokenType.String)
                {
                    throw layout.BadElement(ref reader, i, "a string");
                }

                var text = reader.ValueSpan;
                if (reader.ValueIsEscaped)
                {
                    if (rented is null || rented.Length < text.Length)
                    {
                        if (rented is not null)
                        {
                            ArrayPool<byte>.Shared.Return(rented);
                        }

                        rented = ArrayPool<byte>.Shared.Rent(text.Length);
                    }

                    text = rented.AsSpan(0, reader.CopyString(rented));
                }
                else if (!Utf8.IsValid(text))
                {
                    throw layout.BadElement(ref reader, i, "a string in valid UTF-8");
                }

                tensor.StringTensorSetElementAt(text, i);
            }

            return tensor;
        }
        catch
        {
            tensor.Dispose();
            throw;
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }
}
