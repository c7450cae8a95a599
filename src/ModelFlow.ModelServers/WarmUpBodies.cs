using System.Text.Json.Nodes;
using ModelFlow.Core.Evaluation.Rows;
using ModelFlow.Core.Inspection;

namespace ModelFlow.ModelServers;

/// <summary>The bodies of a warm-up's requests.</summary>
/// <param name="What">What they are, in words.</param>
/// <param name="Of">The body of a request, counted from 0. Made when it is sent: a body may have some MB.</param>
internal sealed record WarmUpBodies(string What, Func<int, JsonObject> Of)
{
    // As many tokens as the smoke test asks for.
    private const int Tokens = 16;

    /// <summary>What there is to send to a model with these inputs, best first; none, with the reason, where nothing can be made up.</summary>
    public static IReadOnlyList<WarmUpBodies> OfTensors(IReadOnlyList<TensorSignature> inputs, GoldenRows golden, string label, out string problem)
    {
        var reserved = new HashSet<string>(StringComparer.Ordinal) { "id", label };
        var bodies = new List<WarmUpBodies>();
        if (golden.Rows(reserved, out var unusable) is { } table
            && InputColumns.Bind(inputs, table, reserved, out unusable) is { Inputs.Count: > 0 } columns
            && WarmUpRequest.RowsFor(columns, table, out unusable) is { } rows)
        {
            bodies.Add(new WarmUpBodies($"rows of {golden.Path}", i => WarmUpRequest.OfRow(columns, rows[i % rows.Count])));
            unusable = "the version does not take them";
        }

        if (WarmUpRequest.OfZeros(inputs, out problem) is { } zeros)
        {
            bodies.Add(new WarmUpBodies($"zeros, as the rows of {golden.Path} cannot be used: {unusable}", _ => zeros));
        }

        return bodies;
    }

    /// <summary>The same for a language model.</summary>
    public static IReadOnlyList<WarmUpBodies> OfPrompts(string servedModel, GoldenRows golden)
    {
        var bodies = new List<WarmUpBodies>();
        if (golden.Prompts(out var unusable) is { Count: > 0 } prompts)
        {
            bodies.Add(new WarmUpBodies($"rows of {golden.Path}", i => Body(prompts[i % prompts.Count])));
            unusable = "the version does not take them";
        }

        bodies.Add(new WarmUpBodies($"a made-up prompt, as the rows of {golden.Path} cannot be used: {unusable}", _ => Body("Once")));
        return bodies;

        JsonObject Body(string prompt) => new() { ["model"] = servedModel, ["prompt"] = prompt, ["max_tokens"] = Tokens };
    }
}
