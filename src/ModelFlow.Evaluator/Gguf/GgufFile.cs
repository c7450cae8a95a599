using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Gguf;

/// <summary>What a managed reading of a GGUF file found, before any native code sees it.</summary>
internal sealed record GgufFile
{
    public required int Version { get; init; }

    /// <summary>For example <c>llama</c>.</summary>
    public required string Architecture { get; init; }

    /// <summary>The sum of the tensors' elements.</summary>
    public required long Parameters { get; init; }

    public required int Tensors { get; init; }

    /// <summary>The type that most parameters are stored in, in llama.cpp's words.</summary>
    public required string Quantisation { get; init; }

    /// <summary>For example <c>gpt2</c>.</summary>
    public required string TokenizerModel { get; init; }

    public required TextSignature Signature { get; init; }

    public override string ToString() =>
        $"GGUF version {Version}, {Architecture}, {Count(Parameters)} parameters in {Tensors} tensors, mostly {Quantisation}; tokenizer {TokenizerModel}; {Signature}";

    private static string Count(long parameters) => parameters switch
    {
        >= 1_000_000_000 => $"{parameters / 1e9:0.##} G",
        >= 1_000_000 => $"{parameters / 1e6:0.##} M",
        _ => $"{parameters / 1e3:0.##} k",
    };
}
