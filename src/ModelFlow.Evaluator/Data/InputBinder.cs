using Microsoft.ML.OnnxRuntime;
using ModelFlow.Core.Inspection;
using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator.Data;

/// <summary>How a model's inputs are filled from a table's columns.</summary>
internal sealed class InputBinder
{
    private readonly IReadOnlyList<BoundInput> _inputs;

    private InputBinder(IReadOnlyList<BoundInput> inputs, int? fixedBatch, string? note)
    {
        _inputs = inputs;
        FixedBatch = fixedBatch;
        Note = note;
        Names = [.. inputs.Select(i => i.Name)];
    }

    public IReadOnlyList<string> Names { get; }

    /// <summary>The one batch size the model takes; null where any goes.</summary>
    public int? FixedBatch { get; }

    /// <summary>What a reader of the report should know about the mapping.</summary>
    public string? Note { get; }

    /// <summary>
    /// Finds the columns of every input: the field with the input's name, else, for a model with one input, all columns that are
    /// neither id, label nor slice, in order. Null, with the reason, where they do not fit.
    /// </summary>
    public static InputBinder? Bind(ModelSignature signature, Table table, IReadOnlySet<string> reserved, out string reason)
    {
        var bound = new List<BoundInput>();
        string? note = null;
        int? fixedBatch = null;
        foreach (var input in signature.Inputs)
        {
            IReadOnlyList<Column> columns;
            if (table.Find(input.Name) is { } named)
            {
                columns = [named];
            }
            else if (signature.Inputs.Count == 1)
            {
                columns = [.. table.Columns.Where(c => !reserved.Contains(c.Name))];
                note = columns.Count switch
                {
                    0 => null,
                    1 => $"the input '{input.Name}' is read from the column '{columns[0].Name}', the only one there is",
                    _ => $"the input '{input.Name}' is read from the {columns.Count} columns '{columns[0].Name}' to '{columns[^1].Name}', in order",
                };
            }
            else
            {
                columns = [];
            }

            if (BoundInput.Problem(input, columns) is { } problem)
            {
                reason = problem;
                return null;
            }

            if (input.Shape[0] != -1)
            {
                fixedBatch = (int)input.Shape[0];
            }

            bound.Add(new BoundInput(input, columns));
        }

        reason = "";
        return new InputBinder(bound, fixedBatch, note);
    }

    /// <summary>The inputs of <paramref name="count"/> rows from <paramref name="start"/>, the last row repeated up to <see cref="FixedBatch"/>. The caller disposes of them.</summary>
    public IReadOnlyList<OrtValue> Fill(int start, int count) => [.. _inputs.Select(i => i.Fill(start, count, FixedBatch ?? count))];
}

/// <summary>One input and its columns.</summary>
internal sealed class BoundInput(TensorSignature input, IReadOnlyList<Column> columns)
{
    private readonly int _width = columns.Sum(c => c.Width);
    private readonly long[] _inner = InnerShape(input, columns);

    public string Name => input.Name;

    /// <summary>Why <paramref name="columns"/> cannot fill <paramref name="input"/>; null if they can.</summary>
    public static string? Problem(TensorSignature input, IReadOnlyList<Column> columns)
    {
        if (columns.Count == 0)
        {
            return $"no column is called like the input '{input.Name}'";
        }

        if (input.Shape.Count == 0 || input.Shape[0] is < -1 or 0 or > 4096)
        {
            return $"the input {input} has no first dimension for the rows";
        }

        var isText = string.Equals(input.Datatype, "BYTES", StringComparison.Ordinal);
        if (!isText && !Datatypes.IsFloat(input.Datatype) && !Datatypes.IsInteger(input.Datatype) && input.Datatype is not "BOOL")
        {
            return $"the input {input} is of a type that cannot be filled from a data set";
        }

        if (!isText && columns.FirstOrDefault(c => c.IsText) is { } text)
        {
            return $"the column '{text.Name}' holds texts and the input {input} takes numbers";
        }

        var width = columns.Sum(c => (long)c.Width);
        var expected = input.Shape.Skip(1).Where(d => d > 0).Aggregate(1L, (a, b) => a * b);
        var open = input.Shape.Skip(1).Count(d => d < 0);
        return open switch
        {
            0 when width != expected => $"the input {input} takes {expected} values a row, the data set has {width}",
            1 when expected == 0 || width % expected != 0 => $"the input {input} takes a multiple of {expected} values a row, the data set has {width}",
            > 1 when columns.Count > 1 || columns[0].Shape.Count != input.Shape.Count - 1
                || !columns[0].Shape.Zip(input.Shape.Skip(1)).All(d => d.Second < 0 || d.First == d.Second) =>
                $"the input {input} does not have the shape of the data set's rows, [{string.Join(',', columns[0].Shape)}]",
            _ => null,
        };
    }

    public OrtValue Fill(int start, int count, int batch)
    {
        long[] shape = [batch, .. _inner];
        return input.Datatype switch
        {
            "FP32" => Numbers(start, count, batch, shape, static v => (float)v),
            "FP64" => Numbers(start, count, batch, shape, static v => v),
            "FP16" => Numbers(start, count, batch, shape, static v => (Float16)(float)v),
            "INT64" => Numbers(start, count, batch, shape, static v => (long)v),
            "INT32" => Numbers(start, count, batch, shape, static v => (int)v),
            "INT16" => Numbers(start, count, batch, shape, static v => (short)v),
            "INT8" => Numbers(start, count, batch, shape, static v => (sbyte)v),
            "UINT64" => Numbers(start, count, batch, shape, static v => (ulong)v),
            "UINT32" => Numbers(start, count, batch, shape, static v => (uint)v),
            "UINT16" => Numbers(start, count, batch, shape, static v => (ushort)v),
            "UINT8" => Numbers(start, count, batch, shape, static v => (byte)v),
            "BOOL" => Numbers(start, count, batch, shape, static v => v != 0),
            _ => Texts(start, count, batch, shape),
        };
    }

    private static long[] InnerShape(TensorSignature input, IReadOnlyList<Column> columns)
    {
        var inner = input.Shape.Skip(1).ToArray();
        if (inner.Count(d => d < 0) > 1)
        {
            return [.. columns[0].Shape.Select(s => (long)s)];
        }

        var known = inner.Where(d => d > 0).Aggregate(1L, (a, b) => a * b);
        return [.. inner.Select(d => d < 0 ? columns.Sum(c => c.Width) / known : d)];
    }

    private OrtValue Numbers<T>(int start, int count, int batch, long[] shape, Func<double, T> convert)
        where T : unmanaged
    {
        var data = new T[batch * _width];
        var at = 0;
        for (var i = 0; i < batch; i++)
        {
            var row = start + Math.Min(i, count - 1);
            foreach (var column in columns)
            {
                for (var element = 0; element < column.Width; element++)
                {
                    data[at++] = convert(column.Number(row, element));
                }
            }
        }

        return OrtValue.CreateTensorValueFromMemory(data, shape);
    }

    private OrtValue Texts(int start, int count, int batch, long[] shape)
    {
        var value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        var at = 0;
        for (var i = 0; i < batch; i++)
        {
            var row = start + Math.Min(i, count - 1);
            foreach (var column in columns)
            {
                for (var element = 0; element < column.Width; element++)
                {
                    value.StringTensorSetElementAt(column.Text(row, element).AsSpan(), at++);
                }
            }
        }

        return value;
    }
}
