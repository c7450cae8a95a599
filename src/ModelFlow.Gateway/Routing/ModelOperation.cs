namespace ModelFlow.Gateway.Routing;

/// <summary>
/// What clients may ask of a model, and nothing else: model servers have operations that are not for clients, such as unloading.
/// Open Inference Protocol V2 (https://github.com/kserve/open-inference-protocol) with its generate extension.
/// </summary>
public sealed class ModelOperation
{
    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<ModelOperation> All =
    [
        new(0, "infer", HttpMethods.Post),
        new(1, "generate", HttpMethods.Post),
        new(2, "generate_stream", HttpMethods.Post),
        new(3, "ready", HttpMethods.Get),
        new(4, "", HttpMethods.Get),
    ];

    private ModelOperation(int index, string name, string method)
    {
        Index = index;
        Name = name;
        Method = method;
    }

    /// <summary>Its place in <see cref="All"/>.</summary>
    public int Index { get; }

    /// <summary>The last part of its path; empty for the model's metadata.</summary>
    public string Name { get; }

    /// <summary>The only method it takes.</summary>
    public string Method { get; }

    /// <summary>Whether it is an inference: these are counted.</summary>
    public bool Counts => Index < 3;

    /// <summary>What stands behind the version in the upstream's path.</summary>
    public string Suffix => Name.Length == 0 ? "" : "/" + Name;

    /// <summary>
    /// Splits <c>/models/{model}/v2/{operation}</c>. As clients of the protocol add <c>/v2/models/{model}/{operation}</c> to the base
    /// address they are given, <c>/models/{model}/v2/models/{model}/{operation}</c> is understood as well. False for any other path.
    /// </summary>
    public static bool TryParse(string path, out ReadOnlySpan<char> model, out ModelOperation operation)
    {
        const string Prefix = "/models/";
        model = default;
        operation = All[0];
        if (!path.StartsWith(Prefix, StringComparison.Ordinal))
        {
            return false;
        }

        var rest = path.AsSpan(Prefix.Length);
        var slash = rest.IndexOf('/');
        if (slash < 1)
        {
            return false;
        }

        model = rest[..slash];
        rest = rest[slash..];
        if (!rest.StartsWith("/v2", StringComparison.Ordinal))
        {
            return false;
        }

        rest = rest[3..];
        if (rest.StartsWith(Prefix, StringComparison.Ordinal) && rest[Prefix.Length..].StartsWith(model, StringComparison.Ordinal))
        {
            rest = rest[(Prefix.Length + model.Length)..];
        }

        foreach (var candidate in All)
        {
            if (rest.Length == 0 ? candidate.Name.Length == 0 : rest[0] == '/' && rest[1..].SequenceEqual(candidate.Name))
            {
                operation = candidate;
                return true;
            }
        }

        return false;
    }
}
