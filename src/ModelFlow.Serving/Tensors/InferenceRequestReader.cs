using System.Globalization;
using System.Text.Json;
using Microsoft.ML.OnnxRuntime;

namespace ModelFlow.Serving.Tensors;

/// <summary>
/// Reads an inference request of the Open Inference Protocol V2 (REST) in one pass over its bytes and checks it against
/// the model's inputs: https://github.com/kserve/open-inference-protocol. Unknown members are passed over; a member
/// given twice is an error. Where <c>data</c> come before the members that give them meaning, they are read afterwards.
/// </summary>
internal ref struct InferenceRequestReader
{
    private const int MaxIdLength = 1_024;

    private readonly ReadOnlySpan<byte> _body;
    private readonly IReadOnlyList<TensorInfo> _inputs;
    private readonly IReadOnlyList<TensorInfo> _outputs;
    private readonly OrtValue?[] _tensors;
    private readonly long[]?[] _shapes;
    private Utf8JsonReader _reader;
    private string? _id;
    private int[]? _wanted;
    private bool _hasInputs;

    private InferenceRequestReader(ReadOnlySpan<byte> body, IReadOnlyList<TensorInfo> inputs, IReadOnlyList<TensorInfo> outputs)
    {
        _body = body;
        _inputs = inputs;
        _outputs = outputs;
        _tensors = new OrtValue?[inputs.Count];
        _shapes = new long[]?[inputs.Count];
        _reader = new Utf8JsonReader(body);
    }

    /// <summary>Reads <paramref name="body"/>. The caller owns the result.</summary>
    /// <exception cref="RequestException">The request cannot be served as written; names the field.</exception>
    public static InferenceRequest Read(ReadOnlySpan<byte> body, IReadOnlyList<TensorInfo> inputs, IReadOnlyList<TensorInfo> outputs)
    {
        var reader = new InferenceRequestReader(body, inputs, outputs);
        InferenceRequest? request = null;
        try
        {
            return request = reader.ReadAll();
        }
        catch (JsonException e)
        {
            throw new RequestException("body", $"not valid JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
        catch (InvalidOperationException)
        {
            // The JSON reader's answer to text that is not Unicode, such as half a surrogate pair.
            throw new RequestException("body", "has text that is not valid Unicode.");
        }
        finally
        {
            if (request is null)
            {
                foreach (var tensor in reader._tensors)
                {
                    tensor?.Dispose();
                }
            }
        }
    }

    private InferenceRequest ReadAll()
    {
        _reader.Read();
        Expect(JsonTokenType.StartObject, "body", "a JSON object");
        bool hasId = false, hasOutputs = false;
        while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
        {
            if (_reader.ValueTextEquals("inputs"u8))
            {
                Once(ref _hasInputs, "inputs");
                ReadInputs();
            }
            else if (_reader.ValueTextEquals("outputs"u8))
            {
                Once(ref hasOutputs, "outputs");
                ReadOutputs();
            }
            else if (_reader.ValueTextEquals("id"u8))
            {
                Once(ref hasId, "id");
                _id = ReadText("id", MaxIdLength);
            }
            else
            {
                _reader.Skip();
            }
        }

        // Anything but white space after the object makes this throw.
        _reader.Read();
        for (var i = 0; i < _tensors.Length; i++)
        {
            if (_tensors[i] is null)
            {
                throw new RequestException("inputs", $"the model needs the input '{_inputs[i].Name}' ({_inputs[i].Datatype}{DataLayout.Text(_inputs[i].Shape)}).");
            }
        }

        ShapeRules.CheckSymbols(_inputs, _shapes!);
        return new InferenceRequest(_id, _tensors!, _wanted ?? [.. Enumerable.Range(0, _outputs.Count)]);
    }

    private void ReadInputs()
    {
        _reader.Read();
        Expect(JsonTokenType.StartArray, "inputs", "an array of tensors");
        for (var i = 0; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"inputs[{i}]");
            Expect(JsonTokenType.StartObject, path, "an object with name, shape, datatype and data");
            ReadInput(path);
        }
    }

    private void ReadInput(string path)
    {
        var input = -1;
        string? datatype = null;
        long[]? shape = null;
        OrtValue? tensor = null;
        var dataAt = -1;
        try
        {
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                if (_reader.ValueTextEquals("name"u8))
                {
                    input = input < 0 ? FindInput(path) : throw Twice(path + ".name");
                }
                else if (_reader.ValueTextEquals("datatype"u8))
                {
                    datatype = datatype is null ? ReadText(path + ".datatype", 32) : throw Twice(path + ".datatype");
                }
                else if (_reader.ValueTextEquals("shape"u8))
                {
                    shape = shape is null ? ReadShape(path + ".shape") : throw Twice(path + ".shape");
                }
                else if (_reader.ValueTextEquals("data"u8))
                {
                    if (tensor is not null || dataAt >= 0)
                    {
                        throw Twice(path + ".data");
                    }

                    _reader.Read();
                    Expect(JsonTokenType.StartArray, path + ".data", "an array");
                    if (input >= 0 && datatype is not null && shape is not null)
                    {
                        tensor = ReadData(ref _reader, input, datatype, shape, path);
                    }
                    else
                    {
                        dataAt = (int)_reader.TokenStartIndex;
                        _reader.Skip();
                    }
                }
                else
                {
                    _reader.Skip();
                }
            }

            if (tensor is null)
            {
                _ = input >= 0 ? 0 : throw Missing(path + ".name");
                _ = datatype ?? throw Missing(path + ".datatype");
                _ = shape ?? throw Missing(path + ".shape");
                _ = dataAt >= 0 ? 0 : throw Missing(path + ".data");
                var data = new Utf8JsonReader(_body[dataAt..]);
                data.Read();
                tensor = ReadData(ref data, input, datatype, shape, path);
            }

            _tensors[input] = tensor;
            _shapes[input] = shape;
            tensor = null;
        }
        finally
        {
            tensor?.Dispose();
        }
    }

    private readonly OrtValue ReadData(ref Utf8JsonReader reader, int input, string datatype, long[] shape, string path)
    {
        var info = _inputs[input];
        if (!string.Equals(datatype, info.Datatype, StringComparison.Ordinal))
        {
            throw new RequestException(path + ".datatype", Datatype.IsKnown(datatype)
                ? $"{datatype}, but the model's input '{info.Name}' is {info.Datatype}."
                : $"not a data type of the protocol ({Datatype.All}); the model's input '{info.Name}' is {info.Datatype}.");
        }

        ShapeRules.CheckSize(shape, _body.Length, path);
        ShapeRules.CheckFits(shape, info, path);
        return TensorReader.Read(ref reader, info.Type, shape, path + ".data");
    }

    private int FindInput(string path)
    {
        _reader.Read();
        Expect(JsonTokenType.String, path + ".name", "a string");
        for (var i = 0; i < _inputs.Count; i++)
        {
            if (_reader.ValueTextEquals(_inputs[i].Name))
            {
                return _tensors[i] is null ? i : throw new RequestException(path + ".name", $"the input '{_inputs[i].Name}' is given twice.");
            }
        }

        throw new RequestException(path + ".name", $"the model has no such input; its inputs are {string.Join(", ", _inputs.Select(t => $"'{t.Name}'"))}.");
    }

    private long[] ReadShape(string path)
    {
        const int MaxRank = 32;
        _reader.Read();
        Expect(JsonTokenType.StartArray, path, "an array of whole numbers");
        Span<long> shape = stackalloc long[MaxRank];
        var rank = 0;
        for (; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; rank++)
        {
            if (rank == MaxRank)
            {
                throw new RequestException(path, $"has more than {MaxRank} dimensions.");
            }

            if (_reader.TokenType != JsonTokenType.Number || !_reader.TryGetInt64(out shape[rank]) || shape[rank] < 1)
            {
                throw new RequestException(string.Create(CultureInfo.InvariantCulture, $"{path}[{rank}]"), "a whole number of 1 or more is needed.");
            }
        }

        return shape[..rank].ToArray();
    }

    private void ReadOutputs()
    {
        _reader.Read();
        Expect(JsonTokenType.StartArray, "outputs", "an array of objects");
        var wanted = new List<int>(_outputs.Count);
        for (var i = 0; _reader.Read() && _reader.TokenType != JsonTokenType.EndArray; i++)
        {
            var path = string.Create(CultureInfo.InvariantCulture, $"outputs[{i}]");
            Expect(JsonTokenType.StartObject, path, "an object with a name");
            var output = -1;
            while (_reader.Read() && _reader.TokenType == JsonTokenType.PropertyName)
            {
                if (_reader.ValueTextEquals("name"u8))
                {
                    output = output < 0 ? FindOutput(path) : throw Twice(path + ".name");
                }
                else
                {
                    _reader.Skip();
                }
            }

            _ = output >= 0 ? 0 : throw Missing(path + ".name");
            if (wanted.Contains(output))
            {
                throw new RequestException(path + ".name", $"the output '{_outputs[output].Name}' is asked for twice.");
            }

            wanted.Add(output);
        }

        _wanted = wanted.Count > 0 ? [.. wanted] : null;
    }

    private int FindOutput(string path)
    {
        _reader.Read();
        Expect(JsonTokenType.String, path + ".name", "a string");
        for (var i = 0; i < _outputs.Count; i++)
        {
            if (_reader.ValueTextEquals(_outputs[i].Name))
            {
                return i;
            }
        }

        throw new RequestException(path + ".name", $"the model has no such output; its outputs are {string.Join(", ", _outputs.Select(t => $"'{t.Name}'"))}.");
    }

    private string ReadText(string path, int maxLength)
    {
        _reader.Read();
        Expect(JsonTokenType.String, path, "a string");
        var text = _reader.ValueSpan.Length <= maxLength * 6 ? _reader.GetString()! : null;
        return text?.Length <= maxLength ? text : throw new RequestException(path, $"longer than {maxLength} characters.");
    }

    private readonly void Expect(JsonTokenType token, string path, string what)
    {
        if (_reader.TokenType != token)
        {
            throw new RequestException(path, $"{what} is needed.");
        }
    }

    private static void Once(ref bool seen, string path) => seen = seen ? throw Twice(path) : true;

    private static RequestException Twice(string path) => new(path, "given twice.");

    private static RequestException Missing(string path) => new(path, "missing.");
}
