using System.Text.Json.Nodes;
using ModelFlow.Core.Inspection;

namespace ModelFlow.ModelServers;

/// <summary>A request that a version with these inputs should take: one row, every number 0, every text empty.</summary>
internal static class WarmUpRequest
{
    // A body of a few MB; a server's limit is usually more.
    private const long MostValues = 1_000_000;

    /// <summary>The body; null with the reason if none can be made up.</summary>
    public static JsonObject? Of(IReadOnlyList<TensorSignature> inputs, out string problem)
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

            tensors.Add(new JsonObject
            {
                ["name"] = input.Name,
                ["datatype"] = input.Datatype,
                ["shape"] = new JsonArray([.. shape.Select(d => JsonValue.Create(d))]),
                ["data"] = new JsonArray([.. Enumerable.Range(0, (int)values).Select(_ => Zero(input.Datatype))]),
            });
        }

        if (tensors.Count == 0)
        {
            problem = "the server names no inputs";
            return null;
        }

        return new JsonObject { ["inputs"] = tensors };
    }

    private static JsonValue Zero(string datatype) => datatype switch
    {
        "BYTES" => JsonValue.Create(""),
        "BOOL" => JsonValue.Create(false),
        _ => JsonValue.Create(0),
    };
}
