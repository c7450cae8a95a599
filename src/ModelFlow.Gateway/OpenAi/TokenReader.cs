using System.Text.Json;
using ModelFlow.Gateway.Forwarding;

namespace ModelFlow.Gateway.OpenAi;

/// <summary>
/// Reads along in an answer and takes from it how many tokens it took. It keeps a bounded part of the answer at most, and what it
/// does not understand it leaves alone: nothing it meets can break or hold up the answer.
/// </summary>
internal abstract class TokenReader(TimeProvider time) : IStreamObserver
{
    private const int MostBytes = 64 * 1024;

    private byte[] _kept = [];
    private int _keptLength;
    private bool _tooLong;

    /// <summary>Tokens of the prompt; 0 where the answer does not say.</summary>
    public long PromptTokens { get; private set; }

    /// <summary>Tokens generated, as the answer says; if it does not and is a stream, the pieces that came with content.</summary>
    public long CompletionTokens => _hasUsage ? _completionTokens : Pieces;

    /// <summary>When the first piece with content came; 0 if none did or the answer is no stream.</summary>
    public long FirstTokenAt { get; private set; }

    /// <summary>How many pieces of a stream came with content.</summary>
    protected long Pieces { get; private set; }

    private bool _hasUsage;
    private long _completionTokens;

    /// <summary>The reader that fits an answer; null for one that is neither JSON nor a stream of events, is compressed, or is an error.</summary>
    public static TokenReader? For(HttpResponseMessage answer, TimeProvider time)
    {
        if (!answer.IsSuccessStatusCode || answer.Content.Headers.ContentEncoding.Count > 0)
        {
            return null;
        }

        return answer.Content.Headers.ContentType?.MediaType switch
        {
            "application/json" => new JsonTokenReader(time),
            "text/event-stream" => new EventTokenReader(time),
            _ => null,
        };
    }

    /// <summary>Takes the next bytes of the answer.</summary>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Take(bytes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException)
        {
            Forget();
        }
    }

    /// <summary>Takes the next bytes; may throw what a JSON reader does.</summary>
    protected abstract void Take(ReadOnlySpan<byte> answer);

    /// <summary>Keeps bytes until the rest of what they belong to comes.</summary>
    protected void Keep(ReadOnlySpan<byte> bytes)
    {
        if (_tooLong || _keptLength + bytes.Length > MostBytes)
        {
            _tooLong = true;
            return;
        }

        if (_keptLength + bytes.Length > _kept.Length)
        {
            Array.Resize(ref _kept, Math.Max(1_024, (_keptLength + bytes.Length) * 2));
        }

        bytes.CopyTo(_kept.AsSpan(_keptLength));
        _keptLength += bytes.Length;
    }

    /// <summary>What was kept, with its last bytes; empty if it was too long.</summary>
    protected ReadOnlySpan<byte> Completed(ReadOnlySpan<byte> last)
    {
        if (_keptLength == 0 && !_tooLong)
        {
            return last;
        }

        Keep(last);
        var all = _tooLong ? [] : _kept.AsSpan(0, _keptLength);
        Forget();
        return all;
    }

    /// <summary>Notes a piece with content.</summary>
    protected void CountPiece()
    {
        Pieces++;
        if (FirstTokenAt == 0)
        {
            FirstTokenAt = time.GetTimestamp();
        }
    }

    /// <summary>Reads a <c>usage</c> object, with the reader on its beginning. The last one counts.</summary>
    protected void ReadUsage(ref Utf8JsonReader reader)
    {
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            var isPrompt = reader.ValueTextEquals("prompt_tokens"u8);
            var isCompletion = !isPrompt && reader.ValueTextEquals("completion_tokens"u8);
            reader.Read();
            if ((isPrompt || isCompletion) && reader.TokenType == JsonTokenType.Number && reader.TryGetInt64(out var tokens) && tokens is >= 0 and <= int.MaxValue)
            {
                _hasUsage = true;
                PromptTokens = isPrompt ? tokens : PromptTokens;
                _completionTokens = isCompletion ? tokens : _completionTokens;
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void Forget()
    {
        _keptLength = 0;
        _tooLong = false;
    }
}
