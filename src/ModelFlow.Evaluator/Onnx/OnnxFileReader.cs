using System.Globalization;
using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>
/// Reads the parts of an ONNX file that decide whether it may be loaded. Field numbers are those of
/// https://github.com/onnx/onnx/blob/main/onnx/onnx.proto; fields it does not know are skipped.
/// </summary>
internal sealed class OnnxFileReader
{
    private const int DeepestGraph = 64;
    private const int MostNodes = 1_000_000;
    private const int MostTensors = 1_000;
    private const int MostDimensions = 64;

    private readonly WireReader _wire;
    private readonly OnnxFile _file = new();

    private OnnxFileReader(Stream stream) => _wire = new WireReader(stream);

    /// <summary>Reads a whole file.</summary>
    /// <exception cref="InvalidDataException">It is cut off, damaged, no ONNX, or beyond a limit; the message says which.</exception>
    public static OnnxFile Read(Stream stream)
    {
        if (stream.Length == 0)
        {
            throw new InvalidDataException("the file is empty");
        }

        var reader = new OnnxFileReader(stream);
        reader.Model(stream.Length);
        return reader._file;
    }

    private void Model(long end)
    {
        var graphs = 0;
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (1, 0):
                    _file.IrVersion = (long)_wire.Varint(end);
                    break;
                case (2, 2):
                    _file.Producer = _wire.Text(end, "the producer's name");
                    break;
                case (7, 2):
                    graphs++;
                    Graph(_wire.End(end, "the graph"), 0, isMain: true);
                    break;
                case (8, 2):
                    OperatorSet(_wire.End(end, "an operator set"));
                    break;
                case (20, 2):
                    throw new InvalidDataException("the file holds a training program, which is not run; export the model for inference");
                case (25, 2):
                    Function(_wire.End(end, "a function"));
                    break;
                default:
                    _wire.Skip(type, end, "a field of the model");
                    break;
            }
        }

        if (graphs != 1 || _file.IrVersion <= 0)
        {
            throw new InvalidDataException("it is no ONNX model: an ONNX file has an IR version and one graph");
        }
    }

    private void OperatorSet(long end)
    {
        var domain = "";
        var version = 0L;
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (1, 2):
                    domain = _wire.Text(end, "an operator set's domain");
                    break;
                case (2, 0):
                    version = (long)_wire.Varint(end);
                    break;
                default:
                    _wire.Skip(type, end, "a field of an operator set");
                    break;
            }
        }

        _file.OperatorSets[domain] = version;
    }

    private void Function(long end)
    {
        var name = "";
        var domain = "";
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (1, 2):
                    name = _wire.Text(end, "a function's name");
                    break;
                case (7, 2):
                    Node(_wire.End(end, "a node"), 1);
                    break;
                case (10, 2):
                    domain = _wire.Text(end, "a function's domain");
                    break;
                case (11, 2):
                    Attribute(_wire.End(end, "an attribute"), 1);
                    break;
                default:
                    _wire.Skip(type, end, "a field of a function");
                    break;
            }
        }

        _file.Functions.Add((domain, name));
    }

    private void Graph(long end, int depth, bool isMain)
    {
        if (depth > DeepestGraph)
        {
            throw new InvalidDataException($"graphs are nested deeper than {DeepestGraph}");
        }

        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (1, 2):
                    Node(_wire.End(end, "a node"), depth);
                    break;
                case (5, 2):
                    var name = Tensor(_wire.End(end, "a tensor"));
                    if (isMain)
                    {
                        _file.Initializers.Add(name);
                    }

                    break;
                case (15, 2):
                    SparseTensor(_wire.End(end, "a sparse tensor"), isMain);
                    break;
                case (11 or 12, 2):
                    var value = Value(_wire.End(end, "an input or output"));
                    if (isMain)
                    {
                        AddTo(field == 11 ? _file.Inputs : _file.Outputs, value);
                    }

                    break;
                default:
                    _wire.Skip(type, end, "a field of the graph");
                    break;
            }
        }
    }

    private static void AddTo(List<TensorSignature> tensors, TensorSignature tensor)
    {
        // Old files list every initializer among the inputs, so this is only a bound against nonsense.
        if (tensors.Count >= MostTensors * 100)
        {
            throw new InvalidDataException($"the graph has more than {MostTensors * 100} inputs or outputs");
        }

        tensors.Add(tensor);
    }

    private void Node(long end, int depth)
    {
        if (++_file.Nodes > MostNodes)
        {
            throw new InvalidDataException($"the graph has more than {MostNodes} nodes");
        }

        var op = "";
        var domain = "";
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (4, 2):
                    op = _wire.Text(end, "an operator's name");
                    break;
                case (5, 2):
                    Attribute(_wire.End(end, "an attribute"), depth);
                    break;
                case (7, 2):
                    domain = _wire.Text(end, "an operator's domain");
                    break;
                default:
                    _wire.Skip(type, end, "a field of a node");
                    break;
            }
        }

        _file.Operators.Add((domain, op));
    }

    private void Attribute(long end, int depth)
    {
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (5 or 10, 2):
                    Tensor(_wire.End(end, "a tensor"));
                    break;
                case (6 or 11, 2):
                    Graph(_wire.End(end, "a graph"), depth + 1, isMain: false);
                    break;
                case (22 or 23, 2):
                    SparseTensor(_wire.End(end, "a sparse tensor"), isMain: false);
                    break;
                default:
                    _wire.Skip(type, end, "a field of an attribute");
                    break;
            }
        }
    }

    private void SparseTensor(long end, bool isMain)
    {
        while (_wire.NextField(end, out var field, out var type))
        {
            if (field is 1 or 2 && type == 2)
            {
                var name = Tensor(_wire.End(end, "a tensor"));
                if (isMain && field == 1)
                {
                    _file.Initializers.Add(name);
                }
            }
            else
            {
                _wire.Skip(type, end, "a field of a sparse tensor");
            }
        }
    }

    private string Tensor(long end)
    {
        var name = "";
        var external = false;
        var entries = new Dictionary<string, string>(StringComparer.Ordinal);
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (8, 2):
                    name = _wire.Text(end, "a tensor's name");
                    break;
                case (13, 2):
                    var (key, value) = Entry(_wire.End(end, "a tensor's data location"));
                    entries[key] = value;
                    break;
                case (14, 0):
                    external = _wire.Varint(end) == 1;
                    break;
                default:
                    _wire.Skip(type, end, "a tensor's data");
                    break;
            }
        }

        if (external || entries.Count > 0)
        {
            _file.ExternalData.Add(new ExternalData(name, entries.GetValueOrDefault("location", ""), Number("offset"), Number("length")));
        }

        return name;

        long Number(string key) => !entries.TryGetValue(key, out var text)
            ? 0
            : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
                ? number
                : throw new InvalidDataException($"the {key} of tensor '{name}' in another file is '{text}', no number");
    }

    private (string Key, string Value) Entry(long end)
    {
        string key = "", value = "";
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (1, 2):
                    key = _wire.Text(end, "a key");
                    break;
                case (2, 2):
                    value = _wire.Text(end, "a value");
                    break;
                default:
                    _wire.Skip(type, end, "a field of an entry");
                    break;
            }
        }

        return (key, value);
    }

    private TensorSignature Value(long end)
    {
        var name = "";
        var datatype = "";
        IReadOnlyList<long> shape = [];
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (1, 2):
                    name = _wire.Text(end, "an input's or output's name");
                    break;
                case (2, 2):
                    (datatype, shape) = ValueType(_wire.End(end, "a type"));
                    break;
                default:
                    _wire.Skip(type, end, "a field of an input or output");
                    break;
            }
        }

        return new TensorSignature(name, datatype, shape);
    }

    private (string Datatype, IReadOnlyList<long> Shape) ValueType(long end)
    {
        var datatype = "";
        IReadOnlyList<long> shape = [];
        while (_wire.NextField(end, out var field, out var type))
        {
            if (field == 1 && type == 2)
            {
                (datatype, shape) = TensorType(_wire.End(end, "a tensor type"));
            }
            else
            {
                datatype = field switch
                {
                    4 => Datatypes.Sequence,
                    5 => Datatypes.Map,
                    8 => Datatypes.Sparse,
                    9 => Datatypes.Optional,
                    _ => datatype,
                };
                _wire.Skip(type, end, "a type");
            }
        }

        return (datatype, shape);
    }

    private (string Datatype, IReadOnlyList<long> Shape) TensorType(long end)
    {
        var datatype = "";
        var shape = new List<long>();
        while (_wire.NextField(end, out var field, out var type))
        {
            switch (field, type)
            {
                case (1, 0):
                    datatype = Datatypes.OfOnnx((int)Math.Min(_wire.Varint(end), int.MaxValue));
                    break;
                case (2, 2):
                    Shape(_wire.End(end, "a shape"), shape);
                    break;
                default:
                    _wire.Skip(type, end, "a tensor type");
                    break;
            }
        }

        return (datatype, shape);
    }

    private void Shape(long end, List<long> shape)
    {
        while (_wire.NextField(end, out var field, out var type))
        {
            if (field == 1 && type == 2)
            {
                shape.Add(Dimension(_wire.End(end, "a dimension")));
            }
            else
            {
                _wire.Skip(type, end, "a field of a shape");
            }
        }

        if (shape.Count > MostDimensions)
        {
            throw new InvalidDataException($"a shape has more than {MostDimensions} dimensions");
        }
    }

    private long Dimension(long end)
    {
        var size = -1L;
        while (_wire.NextField(end, out var field, out var type))
        {
            if (field == 1 && type == 0)
            {
                size = (long)_wire.Varint(end);
            }
            else
            {
                _wire.Skip(type, end, "a field of a dimension");
            }
        }

        // Some exporters write 0 or -1 where any size goes.
        return size > 0 ? size : -1;
    }
}
