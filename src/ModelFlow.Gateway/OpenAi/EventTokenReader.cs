using System.Text.Json;

namespace ModelFlow.Gateway.OpenAi;

/// <summary>Reads the pieces of a stream of server-sent events: which of them come with content, and the <c>usage</c> of the last ones.</summary>
internal sealed class EventTokenReader(TimeProvider time) : TokenReader(time)
{
    protected override void Take(ReadOnlySpan<byte> answer)
    {
        while (!answer.IsEmpty)
        {
            var end = answer.IndexOfAny((byte)'\n', (byte)'\r');
            if (end < 0)
            {
                Keep(answer);
                return;
            }

            var line = Completed(answer[..end]);
            answer = answer[(end + 1)..];
            if (line.StartsWith("data:"u8))
            {
                ReadPiece(line["data:"u8.Length..].Trim((byte)' '));
            }
        }
    }

    private void ReadPiece(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty || json[0] != '{')
        {
            return;
        }

        // A piece that cannot be read must not take those behind it along.
        try
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            if (HasContent(ref reader))
            {
                CountPiece();
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
        }
    }

    private bool HasContent(ref Utf8JsonReader reader)
    {
        var content = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isUsage = reader.ValueTextEquals("usage"u8);
            var isChoices = !isUsage && reader.ValueTextEquals("choices"u8);
            reader.Read();
            if (isUsage && reader.TokenType == JsonTokenType.StartObject)
            {
                ReadUsage(ref reader);
            }
            else if (isChoices && reader.TokenType == JsonTokenType.StartArray)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.StartObject)
                {
                    content |= ChoiceHasContent(ref reader);
                }
            }
            else
            {
                reader.Skip();
            }
        }

        return content;
    }

    private static bool ChoiceHasContent(ref Utf8JsonReader reader)
    {
        var content = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isText = reader.ValueTextEquals("text"u8);
            var isDelta = !isText && reader.ValueTextEquals("delta"u8);
            reader.Read();
            if (isDelta && reader.TokenType == JsonTokenType.StartObject)
            {
                while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                {
                    // Content, refusals, reasoning and tool calls are all generated; only the role is not.
                    var isRole = reader.ValueTextEquals("role"u8);
                    reader.Read();
                    content |= !isRole && IsSomething(reader);
                    reader.Skip();
                }
            }
            else
            {
                content |= isText && IsSomething(reader);
                reader.Skip();
            }
        }

        return content;
    }

    private static bool IsSomething(in Utf8JsonReader reader) =>
        reader.TokenType == JsonTokenType.String ? !reader.ValueSpan.IsEmpty : reader.TokenType is JsonTokenType.StartArray or JsonTokenType.StartObject;
}
