using ModelFlow.Core.Inspection;

namespace ModelFlow.Core.Evaluation.Rows;

/// <summary>Which columns of a table fill a model's inputs.</summary>
public sealed class InputColumns
{
    private const int LargestBatch = 4096;

    private InputColumns(IReadOnlyList<BoundColumns> inputs, int? fixedBatch, string? note) => (Inputs, FixedBatch, Note) = (inputs, fixedBatch, note);

    /// <summary>In the order of the model.</summary>
    public IReadOnlyList<BoundColumns> Inputs { get; }

    /// <summary>The one batch size the model takes; null where any goes.</summary>
    public int? FixedBatch { get; }

    /// <summary>What a reader of a report should know about the mapping; null for nothing.</summary>
    public string? Note { get; }

    /// <summary>
    /// Finds the columns of every input: the field with the input's name, else, for a model with one input, all columns that are
    /// neither id, label nor slice, in order. Null, with the reason, where they do not fit.
    /// </summary>
    /// <param name="inputs">The model's inputs.</param>
    /// <param name="table">The rows.</param>
    /// <param name="reserved">Columns that are no inputs.</param>
    /// <param name="reason">Why they do not fit; empty if they do.</param>
    public static InputColumns? Bind(IReadOnlyList<TensorSignature> inputs, Table table, IReadOnlySet<string> reserved, out string reason)
    {
        ArgumentNullException.ThrowIfNull(inputs);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(reserved);
        var bound = new List<BoundColumns>();
        string? note = null;
        int? fixedBatch = null;
        foreach (var input in inputs)
        {
            IReadOnlyList<Column> columns;
            if (table.Find(input.Name) is { } named)
            {
                columns = [named];
            }
            else if (inputs.Count == 1)
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

            if (Problem(input, columns) is { } problem)
            {
                reason = problem;
                return null;
            }

            if (input.Shape[0] != -1)
            {
                fixedBatch = (int)input.Shape[0];
            }

            bound.Add(new BoundColumns(input, columns, InnerShape(input, columns)));
        }

        reason = "";
        return new InputColumns(bound, fixedBatch, note);
    }

    private static string? Problem(TensorSignature input, IReadOnlyList<Column> columns)
    {
        if (columns.Count == 0)
        {
            return $"no column is called like the input '{input.Name}'";
        }

        if (input.Shape.Count == 0 || input.Shape[0] is < -1 or 0 or > LargestBatch)
        {
            return $"the input {input} has no first dimension for the rows";
        }

        var isText = string.Equals(input.Datatype, "BYTES", StringComparison.Ordinal);
        if (!isText && input.Datatype is not ("FP32" or "FP64" or "FP16" or "INT64" or "INT32" or "INT16" or "INT8" or "UINT64" or "UINT32" or "UINT16" or "UINT8" or "BOOL"))
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
}

/// <summary>One input and the columns that fill it.</summary>
/// <param name="Input">The input.</param>
/// <param name="Columns">Its columns, in order.</param>
/// <param name="Shape">The shape of one row.</param>
public sealed record BoundColumns(TensorSignature Input, IReadOnlyList<Column> Columns, IReadOnlyList<long> Shape)
{
    /// <summary>Values a row.</summary>
    public int Width { get; } = Columns.Sum(c => c.Width);
}
