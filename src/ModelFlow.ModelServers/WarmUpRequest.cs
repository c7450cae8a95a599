using System.Text.Json.Nodes;
using ModelFlow.Core.Evaluation.Rows;
using ModelFlow.Core.Inspection;

namespace ModelFlow.ModelServers;

/// <summary>Requests that a version with given inputs should take: rows of a data set, or one row with every number 0 and every text empty.</summary>
internal static class WarmUpRequest
{
    // A body of a few MB; a server's limit is usually more.
    private const long MostValues = 1_000_000;

    /// <summary>A body of zeros; null with the reason if none can be made up.</summary>
    public static JsonObject? OfZeros(IReadOnlyList<TensorSignature> inputs, out string problem)
    {
        problem = "";
        var tensors = new JsonArray();
        foreach (var input in inputs)
        {
            long[] shape = [.. input.Shape.Select(d => d < 0 ? 1 : d)];
            var values = shape.Aggregate(1L, (product, d) => Math.Min(product * Math.Min(d, MostValues), MostValues + 1));
            if (values > MostValues)
            {
                problem = $"the input {input} has more than {MostValues} values";
                return null;
            }

            tensors.Add(Tensor(input, shape, Enumerable.Range(0, (int)values).Select(_ => Zero(input.Datatype))));
        }

        if (tensors.Count == 0)
        {
            problem = "the server names no inputs";
            return null;
        }

        return new JsonObject { ["inputs"] = tensors };
    }

    /// <summary>The rows of a table that can be sent, as they fill these inputs; null with the reason if there are none.</summary>
    public static IReadOnlyList<int>? RowsFor(InputColumns columns, Table table, out string problem)
    {
        problem = "";
        var batch = columns.FixedBatch ?? 1;
        if (columns.Inputs.FirstOrDefault(i => (long)i.Width * batch > MostValues) is { } large)
        {
            problem = $"the input {large.Input} has more than {MostValues} values";
            return null;
        }

        // JSON has neither NaN nor infinity.
        var rows = Enumerable.Range(0, table.Rows)
            .Where(row => columns.Inputs.All(i => i.Input.Datatype is "BYTES" || i.Columns.All(c => Enumerable.Range(0, c.Width).All(e => double.IsFinite(c.Number(row, e))))))
            .ToList();
        problem = rows.Count > 0 ? "" : "no row has only finite numbers";
        return rows.Count > 0 ? rows : null;
    }

    /// <summary>The body of one row, repeated where the model takes a fixed batch.</summary>
    public static JsonObject OfRow(InputColumns columns, int row)
    {
        var batch = columns.FixedBatch ?? 1;
        return new JsonObject
        {
            ["inputs"] = new JsonArray([.. columns.Inputs.Select(i => Tensor(i.Input, [batch, .. i.Shape], Enumerable.Range(0, batch).SelectMany(_ => Values(i, row))))]),
        };
    }

    private static IEnumerable<JsonValue> Values(BoundColumns bound, int row) =>
        from column in bound.Columns
        from element in Enumerable.Range(0, column.Width)
        select Value(bound.Input.Datatype, column, row, element);

    private static JsonValue Value(string datatype, Column column, int row, int element) => datatype switch
    {
        "BYTES" => JsonValue.Create(column.Text(row, element)),
        "BOOL" => JsonValue.Create(column.Number(row, element) != 0),
        "FP32" or "FP64" or "FP16" => JsonValue.Create(column.Number(row, element)),
        "UINT64" => JsonValue.Create((ulong)column.Number(row, element)),
        _ => JsonValue.Create((long)column.Number(row, element)),
    };

    private static JsonObject Tensor(TensorSignature input, IEnumerable<long> shape, IEnumerable<JsonValue> values) => new()
    {
        ["name"] = input.Name,
        ["datatype"] = input.Datatype,
        ["shape"] = new JsonArray([.. shape.Select(d => JsonValue.Create(d))]),
        ["data"] = new JsonArray([.. values]),
    };

    private static JsonValue Zero(string datatype) => datatype switch
    {
        "BYTES" => JsonValue.Create(""),
        "BOOL" => JsonValue.Create(false),
        _ => JsonValue.Create(0),
    };
}
