using LLama;
using LLama.Native;

namespace ModelFlow.TextEngine.Model;

/// <summary>A request's turn on the model: a context of its own, empty at the start.</summary>
internal sealed class ModelTurn : IDisposable
{
    private readonly LanguageModel _model;
    private readonly LLamaContext _context;
    private readonly LLamaBatch _batch = new();
    private readonly int _batchSize;
    private int _length;
    private int _last = -1;

    public ModelTurn(LanguageModel model, LLamaContext context, int batchSize)
    {
        _model = model;
        _context = context;
        _batchSize = batchSize;
        context.NativeHandle.MemoryClear(true);
    }

    /// <summary>What the model thinks of the next token: one value for each token of the vocabulary. After <see cref="Read"/>.</summary>
    public ReadOnlySpan<float> Next => _context.NativeHandle.GetLogitsIth(_last);

    /// <summary>Reads tokens, in pieces between which it can be cancelled.</summary>
    /// <param name="tokens">At least one.</param>
    /// <param name="each">With values: told, for each token, its index and what the model thought of the token after it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="ModelFailedException">llama.cpp failed.</exception>
    public void Read(ReadOnlySpan<int> tokens, LogitsReader? each, CancellationToken cancellationToken)
    {
        for (var start = 0; start < tokens.Length; start += _batchSize)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var count = Math.Min(_batchSize, tokens.Length - start);
            _batch.Clear();
            for (var i = 0; i < count; i++)
            {
                _batch.Add(tokens[start + i], _length + i, LLamaSeqId.Zero, each is not null || start + i == tokens.Length - 1);
            }

            var result = _context.NativeHandle.Decode(_batch);
            if (result != DecodeResult.Ok)
            {
                throw new ModelFailedException($"llama.cpp answered {result} at token {_length + count}.");
            }

            _length += count;
            _last = count - 1;
            for (var i = 0; each is not null && i < count; i++)
            {
                each(start + i, _context.NativeHandle.GetLogitsIth(i));
            }
        }
    }

    public void Dispose() => _model.End(_context);
}

/// <summary>Takes the values for the token after the one at <paramref name="index"/>.</summary>
internal delegate void LogitsReader(int index, ReadOnlySpan<float> logits);

/// <summary>The model cannot compute this.</summary>
internal sealed class ModelFailedException(string message) : Exception(message);
