namespace ModelFlow.Serving.Tensors;

/// <summary>What a request's shapes must obey before memory is taken for them and the runtime sees them.</summary>
internal static class ShapeRules
{
    /// <summary>Refuses a shape with more elements than a body of this size can hold: every element takes two bytes at least.</summary>
    public static void CheckSize(long[] shape, int bodyBytes, string path)
    {
        long elements = 1, most = (bodyBytes / 2) + 1;
        foreach (var dimension in shape)
        {
            elements = dimension <= most / elements
                ? elements * dimension
                : throw new RequestException(path + ".data", $"has fewer values than the shape {DataLayout.Text(shape)} needs.");
        }
    }

    /// <summary>Holds a shape to the model's. One that states no rank and one of a scalar look the same here: the runtime checks these.</summary>
    public static void CheckFits(long[] shape, TensorInfo input, string path)
    {
        var fits = input.Shape.Length == 0 || shape.Length == input.Shape.Length;
        for (var d = 0; fits && d < input.Shape.Length; d++)
        {
            fits = input.Shape[d] < 0 || input.Shape[d] == shape[d];
        }

        if (!fits)
        {
            throw new RequestException(path + ".shape", $"{DataLayout.Text(shape)} does not fit the model's input '{input.Name}', which is {input.Datatype}{DataLayout.Text(input.Shape)} (-1: any size).");
        }
    }

    /// <summary>Holds sizes that the model gives one name to one size. The runtime finds such a mistake late, and then it looks like the model's.</summary>
    public static void CheckSymbols(IReadOnlyList<TensorInfo> inputs, long[][] shapes)
    {
        for (var i = 0; i < inputs.Count; i++)
        {
            for (var d = 0; d < inputs[i].Symbols.Length; d++)
            {
                if (inputs[i].Symbols[d] is { Length: > 0 } symbol)
                {
                    CheckSymbol(symbol, shapes[i][d], i, inputs, shapes);
                }
            }
        }
    }

    private static void CheckSymbol(string symbol, long size, int input, IReadOnlyList<TensorInfo> inputs, long[][] shapes)
    {
        for (var i = 0; i <= input; i++)
        {
            var d = Array.IndexOf(inputs[i].Symbols, symbol);
            if (d >= 0 && shapes[i][d] != size)
            {
                throw new RequestException("inputs", $"the size '{symbol}' is {shapes[i][d]} in '{inputs[i].Name}' and {size} in '{inputs[input].Name}'; the model wants them equal.");
            }
        }
    }
}
