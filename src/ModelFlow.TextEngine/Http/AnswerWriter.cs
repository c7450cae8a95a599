using System.Text;
using System.Text.Json;
using ModelFlow.TextEngine.Model;

namespace ModelFlow.TextEngine.Http;

/// <summary>Writes answers in OpenAI's shapes: of a text or a conversation, whole or in pieces.</summary>
internal sealed class AnswerWriter(LanguageModel model, EngineRequest request, bool chat, long created)
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    private readonly string _id = (chat ? "chatcmpl-" : "cmpl-") + Guid.NewGuid().ToString("N");
    private int _offset;

    /// <summary>The whole answer.</summary>
    public byte[] Whole(string text, IReadOnlyList<TokenScore> scores, string finish, int promptTokens, int completionTokens) => Json(writer =>
    {
        Head(writer, chat ? "chat.completion" : "text_completion");
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        if (chat)
        {
            writer.WriteStartObject("message"u8);
            writer.WriteString("role"u8, "assistant"u8);
            writer.WriteString("content"u8, text);
            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("text"u8, text);
        }

        Scores(writer, scores);
        writer.WriteString("finish_reason"u8, finish);
        writer.WriteEndObject();
        writer.WriteEndArray();
        Usage(writer, promptTokens, completionTokens);
    });

    /// <summary>A piece of a stream; <paramref name="first"/> of a conversation names the role.</summary>
    public byte[] Chunk(Piece piece, bool first) => Json(writer =>
    {
        Head(writer, chat ? "chat.completion.chunk" : "text_completion");
        writer.WriteStartArray("choices"u8);
        writer.WriteStartObject();
        writer.WriteNumber("index"u8, 0);
        if (chat)
        {
            writer.WriteStartObject("delta"u8);
            if (first)
            {
                writer.WriteString("role"u8, "assistant"u8);
            }

            if (piece.Text.Length > 0)
            {
                writer.WriteString("content"u8, piece.Text);
            }

            writer.WriteEndObject();
        }
        else
        {
            writer.WriteString("text"u8, piece.Text);
        }

        Scores(writer, piece.Tokens);
        writer.WriteString("finish_reason"u8, piece.Finish);
        writer.WriteEndObject();
        writer.WriteEndArray();
    });

    /// <summary>The last piece of a stream, where it was asked for.</summary>
    public byte[] UsageChunk(int promptTokens, int completionTokens) => Json(writer =>
    {
        Head(writer, chat ? "chat.completion.chunk" : "text_completion");
        writer.WriteStartArray("choices"u8);
        writer.WriteEndArray();
        Usage(writer, promptTokens, completionTokens);
    });

    private static byte[] Json(Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        using (var writer = new Utf8JsonWriter(bytes, OpenAiErrors.Plain))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        return bytes.ToArray();
    }

    private void Head(Utf8JsonWriter writer, string kind)
    {
        writer.WriteString("id"u8, _id);
        writer.WriteString("object"u8, kind);
        writer.WriteNumber("created"u8, created);
        writer.WriteString("model"u8, model.Name);
    }

    private static void Usage(Utf8JsonWriter writer, int promptTokens, int completionTokens)
    {
        writer.WriteStartObject("usage"u8);
        writer.WriteNumber("prompt_tokens"u8, promptTokens);
        writer.WriteNumber("completion_tokens"u8, completionTokens);
        writer.WriteNumber("total_tokens"u8, promptTokens + completionTokens);
        writer.WriteEndObject();
    }

    private void Scores(Utf8JsonWriter writer, IReadOnlyList<TokenScore> scores)
    {
        if (request.Scores is null)
        {
            writer.WriteNull("logprobs"u8);
        }
        else if (chat)
        {
            ChatScores(writer, scores);
        }
        else
        {
            TextScores(writer, scores);
        }
    }

    private void ChatScores(Utf8JsonWriter writer, IReadOnlyList<TokenScore> scores)
    {
        writer.WriteStartObject("logprobs"u8);
        writer.WriteStartArray("content"u8);
        foreach (var score in scores)
        {
            writer.WriteStartObject();
            Entry(score.Token, score.LogProbability ?? 0);
            writer.WriteStartArray("top_logprobs"u8);
            foreach (var (token, logProbability) in score.Top)
            {
                writer.WriteStartObject();
                Entry(token, logProbability);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();

        void Entry(int token, double logProbability)
        {
            writer.WriteString("token"u8, Name(token));
            writer.WriteNumber("logprob"u8, logProbability);
            writer.WriteStartArray("bytes"u8);
            Array.ForEach(model.Bytes.Of(token), b => writer.WriteNumberValue(b));
            writer.WriteEndArray();
        }
    }

    private void TextScores(Utf8JsonWriter writer, IReadOnlyList<TokenScore> scores)
    {
        writer.WriteStartObject("logprobs"u8);
        writer.WriteStartArray("tokens"u8);
        foreach (var score in scores)
        {
            writer.WriteStringValue(Name(score.Token));
        }

        writer.WriteEndArray();
        writer.WriteStartArray("token_logprobs"u8);
        foreach (var score in scores)
        {
            if (score.LogProbability is { } value)
            {
                writer.WriteNumberValue(value);
            }
            else
            {
                writer.WriteNullValue();
            }
        }

        writer.WriteEndArray();
        writer.WriteStartArray("top_logprobs"u8);
        foreach (var score in scores)
        {
            if (score.LogProbability is null)
            {
                writer.WriteNullValue();
                continue;
            }

            writer.WriteStartObject();
            foreach (var (name, value) in score.Top.Select(t => (Name: Name(t.Token), t.LogProbability)).DistinctBy(t => t.Name, StringComparer.Ordinal))
            {
                writer.WriteNumber(name, value);
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("text_offset"u8);
        foreach (var score in scores)
        {
            writer.WriteNumberValue(_offset);

            // Characters as Python counts them: every byte that does not go on with one begins one.
            _offset += model.Bytes.Of(score.Token).Count(b => (b & 0xC0) != 0x80);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    // Part of a character has no text: OpenAI's API writes its bytes.
    private string Name(int token)
    {
        var bytes = model.Bytes.Of(token);
        try
        {
            return Strict.GetString(bytes);
        }
        catch (DecoderFallbackException)
        {
            return "bytes:" + string.Concat(bytes.Select(b => $"\\x{b:x2}"));
        }
    }
}
