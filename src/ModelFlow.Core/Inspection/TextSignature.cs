using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Inspection;

/// <summary>What a language model takes and gives, as far as its clients notice.</summary>
/// <param name="ContextLength">Tokens of prompt and answer together, at least 1.</param>
/// <param name="VocabularySize">The number of different tokens, at least 1.</param>
/// <param name="Tokenizer">The digest of everything that decides how text becomes tokens.</param>
/// <param name="ChatTemplate">The digest of how conversations are written; null for a model that only goes on with a text.</param>
public sealed record TextSignature(long ContextLength, long VocabularySize, Sha256Digest Tokenizer, Sha256Digest? ChatTemplate)
{
    /// <inheritdoc/>
    public override string ToString() =>
        $"a context of {ContextLength} tokens, {VocabularySize} different ones (tokenizer {Tokenizer.Hex[..8]}), {(ChatTemplate is { } c ? $"chat template {c.Hex[..8]}" : "no chat template")}";
}
