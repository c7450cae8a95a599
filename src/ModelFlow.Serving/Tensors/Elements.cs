using System.Globalization;
using System.Text.Json;

namespace ModelFlow.Serving.Tensors;

/// <summary>How one element type is read from and written to JSON. Static members, so that the loops over elements have no virtual calls.</summary>
internal interface IElement<T>
    where T : unmanaged
{
    /// <summary>Reads the reader's current token; false when it is not a value of this type.</summary>
    static abstract bool TryRead(ref Utf8JsonReader reader, out T value);

    /// <summary>Writes <paramref name="value"/> as JSON into <paramref name="utf8"/> (at least 32 bytes); false when JSON has no such number.</summary>
    static abstract bool TryWrite(T value, Span<byte> utf8, out int written);
}

internal readonly struct BoolElement : IElement<bool>
{
    public static bool TryRead(ref Utf8JsonReader reader, out bool value)
    {
        value = reader.TokenType == JsonTokenType.True;
        return value || reader.TokenType == JsonTokenType.False;
    }

    public static bool TryWrite(bool value, Span<byte> utf8, out int written)
    {
        var text = value ? "true"u8 : "false"u8;
        text.CopyTo(utf8);
        written = text.Length;
        return true;
    }
}

/// <summary>JSON numbers that must be finite as FP32; more digits than fit are rounded to the nearest.</summary>
internal readonly struct Fp32Element : IElement<float>
{
    public static bool TryRead(ref Utf8JsonReader reader, out float value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetSingle(out value) && float.IsFinite(value);
    }

    public static bool TryWrite(float value, Span<byte> utf8, out int written)
    {
        written = 0;
        return float.IsFinite(value) && value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
    }
}

internal readonly struct Fp64Element : IElement<double>
{
    public static bool TryRead(ref Utf8JsonReader reader, out double value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetDouble(out value) && double.IsFinite(value);
    }

    public static bool TryWrite(double value, Span<byte> utf8, out int written)
    {
        written = 0;
        return double.IsFinite(value) && value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
    }
}

internal readonly struct Fp16Element : IElement<Half>
{
    public static bool TryRead(ref Utf8JsonReader reader, out Half value)
    {
        value = default;
        if (reader.TokenType != JsonTokenType.Number || !reader.TryGetDouble(out var wide))
        {
            return false;
        }

        value = (Half)wide;
        return Half.IsFinite(value);
    }

    public static bool TryWrite(Half value, Span<byte> utf8, out int written)
    {
        written = 0;
        return Half.IsFinite(value) && value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
    }
}

internal readonly struct Int8Element : IElement<sbyte>
{
    public static bool TryRead(ref Utf8JsonReader reader, out sbyte value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetSByte(out value);
    }

    public static bool TryWrite(sbyte value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}

internal readonly struct Int16Element : IElement<short>
{
    public static bool TryRead(ref Utf8JsonReader reader, out short value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt16(out value);
    }

    public static bool TryWrite(short value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}

internal readonly struct Int32Element : IElement<int>
{
    public static bool TryRead(ref Utf8JsonReader reader, out int value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out value);
    }

    public static bool TryWrite(int value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}

internal readonly struct Int64Element : IElement<long>
{
    public static bool TryRead(ref Utf8JsonReader reader, out long value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out value);
    }

    public static bool TryWrite(long value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}

internal readonly struct UInt8Element : IElement<byte>
{
    public static bool TryRead(ref Utf8JsonReader reader, out byte value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetByte(out value);
    }

    public static bool TryWrite(byte value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}

internal readonly struct UInt16Element : IElement<ushort>
{
    public static bool TryRead(ref Utf8JsonReader reader, out ushort value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetUInt16(out value);
    }

    public static bool TryWrite(ushort value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}

internal readonly struct UInt32Element : IElement<uint>
{
    public static bool TryRead(ref Utf8JsonReader reader, out uint value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetUInt32(out value);
    }

    public static bool TryWrite(uint value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}

internal readonly struct UInt64Element : IElement<ulong>
{
    public static bool TryRead(ref Utf8JsonReader reader, out ulong value)
    {
        value = 0;
        return reader.TokenType == JsonTokenType.Number && reader.TryGetUInt64(out value);
    }

    public static bool TryWrite(ulong value, Span<byte> utf8, out int written) => value.TryFormat(utf8, out written, default, CultureInfo.InvariantCulture);
}
