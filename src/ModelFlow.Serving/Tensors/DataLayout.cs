using System.Globalization;
using System.Text;
using System.Text.Json;

namespace ModelFlow.Serving.Tensors;

/// <summary>
/// Walks the elements of a <c>data</c> array, flat or nested, and holds it to the shape: every array at depth <c>d</c>
/// has exactly as many members as dimension <c>d</c> says.
/// </summary>
internal readonly struct DataLayout
{
    private readonly long[] _shape;
    private readonly string _path;
    private readonly long _total;
    private readonly bool _nested;

    private DataLayout(long[] shape, string path, bool nested)
    {
        _shape = shape;
        _path = path;
        _nested = nested;
        _total = 1;
        foreach (var dimension in shape)
        {
            _total *= dimension;
        }
    }

    /// <summary>Steps into the array that the reader stands on, to its first element.</summary>
    public static DataLayout Begin(ref Utf8JsonReader reader, long[] shape, string path)
    {
        reader.Read();
        var nested = shape.Length > 1 && reader.TokenType == JsonTokenType.StartArray;
        var layout = new DataLayout(shape, path, nested);
        if (nested)
        {
            layout.Open(ref reader, 1, 0);
        }

        return layout;
    }

    /// <summary>
    /// Called before each element with its index in row-major order, and once more after the last: brings the reader
    /// to the element and says whether there is one.
    /// </summary>
    public bool Next(ref Utf8JsonReader reader, int index)
    {
        if (index > 0)
        {
            reader.Read();
            if (_nested && !Cross(ref reader, index))
            {
                return false;
            }
        }

        if (_nested)
        {
            return true;
        }

        if (reader.TokenType == JsonTokenType.EndArray)
        {
            return index == _total ? false : throw new RequestException(_path, $"has {index} values; the shape {Text(_shape)} needs {_total}.");
        }

        return index < _total ? true : throw new RequestException(_path, $"has more than the {_total} values of the shape {Text(_shape)}.");
    }

    /// <summary>The error for an element that is not what its type wants.</summary>
    public RequestException BadElement(ref Utf8JsonReader reader, int index, string expected)
    {
        var found = reader.TokenType switch
        {
            JsonTokenType.Number => Encoding.UTF8.GetString(reader.ValueSpan[..Math.Min(reader.ValueSpan.Length, 40)]),
            JsonTokenType.String => "a string",
            JsonTokenType.StartArray or JsonTokenType.EndArray => "an array of another shape",
            JsonTokenType.StartObject => "an object",
            JsonTokenType.Null => "null",
            _ => "true or false",
        };
        return new RequestException(At(index), $"{found} where {expected} is needed.");
    }

    internal static string Text(long[] shape) => "[" + string.Join(',', shape) + "]";

    // After every whole run of the innermost dimensions their arrays end; then the next ones begin, or all is read.
    private bool Cross(ref Utf8JsonReader reader, int index)
    {
        var depth = _shape.Length;
        for (long run = 1; depth > 0; depth--)
        {
            run *= _shape[depth - 1];
            if (index % run != 0)
            {
                break;
            }

            if (reader.TokenType != JsonTokenType.EndArray)
            {
                throw new RequestException(At(index), $"a value too many: the shape {Text(_shape)} has {_shape[depth - 1]} in this dimension.");
            }

            if (depth == 1)
            {
                return false;
            }

            reader.Read();
        }

        if (reader.TokenType == JsonTokenType.EndArray)
        {
            throw new RequestException(At(index), $"missing: the shape {Text(_shape)} has {_shape[depth - 1]} in this dimension.");
        }

        Open(ref reader, depth, index);
        return true;
    }

    // The reader stands where the array of the next depth begins; goes down to the first element.
    private void Open(ref Utf8JsonReader reader, int depth, int index)
    {
        for (; depth < _shape.Length; depth++)
        {
            if (reader.TokenType != JsonTokenType.StartArray)
            {
                throw new RequestException(At(index), $"an array is needed here: nested data follow the shape {Text(_shape)} at every level.");
            }

            reader.Read();
        }

        if (reader.TokenType == JsonTokenType.EndArray)
        {
            throw new RequestException(At(index), $"missing: the shape {Text(_shape)} has {_shape[^1]} in this dimension.");
        }
    }

    private string At(long index)
    {
        if (!_nested)
        {
            return string.Create(CultureInfo.InvariantCulture, $"{_path}[{index}]");
        }

        var parts = new long[_shape.Length];
        for (var d = _shape.Length - 1; d >= 0; d--)
        {
            parts[d] = d == 0 ? index : index % _shape[d];
            index /= _shape[d];
        }

        return _path + string.Concat(parts.Select(p => $"[{p}]"));
    }
}
