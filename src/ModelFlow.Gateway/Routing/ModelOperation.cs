namespace ModelFlow.Gateway.Routing;

/// <summary>
/// What clients may ask of a model, and nothing else: model servers have operations that are not for clients, such as unloading.
/// Open Inference Protocol V2 (https://github.com/kserve/open-inference-protocol) with its generate extension, and the part of
/// OpenAI's API (https://platform.openai.com/docs/api-reference) that servers of language models share.
/// </summary>
public sealed class ModelOperation
{
    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<ModelOperation> All =
    [
        new(0, Protocol.OpenInference, "/infer", HttpMethods.Post),
        new(1, Protocol.OpenInference, "/generate", HttpMethods.Post),
        new(2, Protocol.OpenInference, "/generate_stream", HttpMethods.Post),
        new(3, Protocol.OpenInference, "/ready", HttpMethods.Get),
        new(4, Protocol.OpenInference, "", HttpMethods.Get),
        new(5, Protocol.OpenAi, "/chat/completions", HttpMethods.Post),
        new(6, Protocol.OpenAi, "/completions", HttpMethods.Post),
        new(7, Protocol.OpenAi, "/embeddings", HttpMethods.Post),
        new(8, Protocol.OpenAi, "/models", HttpMethods.Get),
        new(9, Protocol.Own, FeedbackSuffix, HttpMethods.Post),
    ];

    /// <summary>Whether a version's server is ready to answer Open Inference requests.</summary>
    public static readonly ModelOperation Ready = All[3];

    /// <summary>The list of models, in which OpenAI's clients look up the one of their address. The gateway answers it: only it knows the public name.</summary>
    public static readonly ModelOperation Models = All[8];

    /// <summary>A mark for an answer: the gateway's own.</summary>
    public static readonly ModelOperation Feedback = All[9];

    private const string FeedbackSuffix = "/feedback";

    private ModelOperation(int index, Protocol protocol, string suffix, string method)
    {
        Index = index;
        Protocol = protocol;
        Suffix = suffix;
        Method = method;
        Route = "/models/{model}" + (protocol switch { Protocol.OpenInference => "/v2", Protocol.OpenAi => "/v1", _ => "" }) + suffix;
    }

    /// <summary>Its place in <see cref="All"/>.</summary>
    public int Index { get; }

    /// <summary>The protocol it belongs to.</summary>
    public Protocol Protocol { get; }

    /// <summary>The end of its path; empty for the model's metadata.</summary>
    public string Suffix { get; }

    /// <summary>The only method it takes.</summary>
    public string Method { get; }

    /// <summary>Its path with the model's name left open, as traces name it.</summary>
    public string Route { get; }

    /// <summary>Whether it is an inference: these are counted.</summary>
    public bool Counts => Protocol != Protocol.Own && HttpMethods.IsPost(Method);

    /// <summary>
    /// Splits <c>/models/{model}/v2/{operation}</c> and <c>/models/{model}/v1/{operation}</c>. As clients of the Open Inference Protocol
    /// add <c>/v2/models/{model}/{operation}</c> to the base address they are given, <c>/models/{model}/v2/models/{model}/{operation}</c>
    /// is understood as well. <c>/models/{model}/v1/models/{model}</c> is the list's one entry. False for any other path.
    /// </summary>
    public static bool TryParse(string path, out ReadOnlySpan<char> model, out ModelOperation operation)
    {
        operation = All[0];
        if (!TrySplit(path, out model, out var rest))
        {
            return false;
        }

        Protocol protocol;
        if (rest.StartsWith("/v2", StringComparison.Ordinal))
        {
            protocol = Protocol.OpenInference;
            rest = WithoutModel(rest[3..], model);
        }
        else if (rest.StartsWith("/v1", StringComparison.Ordinal))
        {
            protocol = Protocol.OpenAi;
            rest = rest[3..];
            if (rest.StartsWith(Models.Suffix, StringComparison.Ordinal) && WithoutModel(rest, model).IsEmpty)
            {
                rest = Models.Suffix;
            }
        }
        else
        {
            protocol = Protocol.Own;
        }

        foreach (var candidate in All)
        {
            if (candidate.Protocol == protocol && rest.SequenceEqual(candidate.Suffix))
            {
                operation = candidate;
                return true;
            }
        }

        return false;
    }

    /// <summary>Splits <c>/models/{model}/…</c>.</summary>
    public static bool TrySplit(string path, out ReadOnlySpan<char> model, out ReadOnlySpan<char> rest)
    {
        const string Prefix = "/models/";
        model = rest = default;
        var slash = path.StartsWith(Prefix, StringComparison.Ordinal) ? path.IndexOf('/', Prefix.Length) : -1;
        if (slash <= Prefix.Length)
        {
            return false;
        }

        model = path.AsSpan(Prefix.Length..slash);
        rest = path.AsSpan(slash);
        return true;
    }

    private static ReadOnlySpan<char> WithoutModel(ReadOnlySpan<char> rest, scoped ReadOnlySpan<char> model)
    {
        const string Folder = "/models/";
        return rest.StartsWith(Folder, StringComparison.Ordinal) && rest[Folder.Length..].StartsWith(model, StringComparison.Ordinal) ? rest[(Folder.Length + model.Length)..] : rest;
    }
}

/// <summary>How clients and model servers speak.</summary>
public enum Protocol
{
    /// <summary>Open Inference Protocol V2: the version is in the path.</summary>
    OpenInference,

    /// <summary>OpenAI's API: the model is in the body.</summary>
    OpenAi,

    /// <summary>What the gateway answers itself.</summary>
    Own,
}
