using Microsoft.ML.OnnxRuntime;
using ModelFlow.Core.Evaluation.Rows;
using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Data;

/// <summary>Fills a model's inputs from a table's columns.</summary>
internal sealed class InputBinder
{
    private readonly InputColumns _columns;

    private InputBinder(InputColumns columns)
    {
        _columns = columns;
        Names = [.. columns.Inputs.Select(i => i.Input.Name)];
    }

    public IReadOnlyList<string> Names { get; }

    /// <summary>The one batch size the model takes; null where any goes.</summary>
    public int? FixedBatch => _columns.FixedBatch;

    /// <summary>What a reader of the report should know about the mapping.</summary>
    public string? Note => _columns.Note;

    /// <summary>Finds the columns of every input. Null, with the reason, where they do not fit.</summary>
    public static InputBinder? Bind(ModelSignature signature, Table table, IReadOnlySet<string> reserved, out string reason) =>
        InputColumns.Bind(signature.Inputs, table, reserved, out reason) is { } columns ? new InputBinder(columns) : null;

    /// <summary>The inputs of <paramref name="count"/> rows from <paramref name="start"/>, the last row repeated up to <see cref="FixedBatch"/>. The caller disposes of them.</summary>
    public IReadOnlyList<OrtValue> Fill(int start, int count) => [.. _columns.Inputs.Select(i => Fill(i, start, count, FixedBatch ?? count))];

    private static OrtValue Fill(BoundColumns bound, int start, int count, int batch)
    {
        long[] shape = [batch, .. bound.Shape];
        return bound.Input.Datatype switch
        {
            "FP32" => Numbers(static v => (float)v),
            "FP64" => Numbers(static v => v),
            "FP16" => Numbers(static v => (Float16)(float)v),
            "INT64" => Numbers(static v => (long)v),
            "INT32" => Numbers(static v => (int)v),
            "INT16" => Numbers(static v => (short)v),
            "INT8" => Numbers(static v => (sbyte)v),
            "UINT64" => Numbers(static v => (ulong)v),
            "UINT32" => Numbers(static v => (uint)v),
            "UINT16" => Numbers(static v => (ushort)v),
            "UINT8" => Numbers(static v => (byte)v),
            "BOOL" => Numbers(static v => v != 0),
            _ => Texts(bound, start, count, batch, shape),
        };

        OrtValue Numbers<T>(Func<double, T> convert)
            where T : unmanaged => InputBinder.Numbers(bound, start, count, batch, shape, convert);
    }

    private static OrtValue Numbers<T>(BoundColumns bound, int start, int count, int batch, long[] shape, Func<double, T> convert)
        where T : unmanaged
    {
        var data = new T[batch * bound.Width];
        var at = 0;
        for (var i = 0; i < batch; i++)
        {
            var row = start + Math.Min(i, count - 1);
            foreach (var column in bound.Columns)
            {
                for (var element = 0; element < column.Width; element++)
                {
                    data[at++] = convert(column.Number(row, element));
                }
            }
        }

        return OrtValue.CreateTensorValueFromMemory(data, shape);
    }

    private static OrtValue Texts(BoundColumns bound, int start, int count, int batch, long[] shape)
    {
        var value = OrtValue.CreateTensorWithEmptyStrings(OrtAllocator.DefaultInstance, shape);
        var at = 0;
        for (var i = 0; i < batch; i++)
        {
            var row = start + Math.Min(i, count - 1);
            foreach (var column in bound.Columns)
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
