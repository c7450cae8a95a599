using System.Text;
using System.Text.Json;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>Compares generated text: it agrees if it is the same, and its distance is that of the lengths, as a share of the longer one.</summary>
internal static class TextComparison
{
    public static ComparedAnswers Compare(string? stable, string? candidate)
    {
        if (stable is null || candidate is null)
        {
            return default;
        }

        var longer = Math.Max(stable.Length, candidate.Length);
        return new ComparedAnswers(
            string.Equals(stable, candidate, StringComparison.Ordinal) ? 0 : 1,
            longer == 0 ? 0 : Math.Abs(stable.Length - candidate.Length) / (double)longer);
    }

    /// <summary>The text of an answer that is one JSON object: of OpenAI's API, or of the generate extension; null if it has none.</summary>
    public static string? Of(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        var text = new StringBuilder();
        return Append(document.RootElement, text) ? text.ToString() : null;
    }

    /// <summary>The text of a stream of server-sent events, put together; null if it has none.</summary>
    public static string? OfStream(ReadOnlySpan<byte> events)
    {
        var (text, found) = (new StringBuilder(), false);
        foreach (var range in events.SplitAny((byte)'\n', (byte)'\r'))
        {
            var line = events[range];
            if (line.StartsWith("data:"u8) && line["data:"u8.Length..].Trim((byte)' ') is { IsEmpty: false } data && data[0] == '{')
            {
                var reader = new Utf8JsonReader(data);
                using var piece = JsonDocument.ParseValue(ref reader);
                found |= Append(piece.RootElement, text);
            }
        }

        return found ? text.ToString() : null;
    }

    private static bool Append(JsonElement answer, StringBuilder text)
    {
        if (answer.TryGetProperty("text_output", out var output) && output.ValueKind == JsonValueKind.String)
        {
            text.Append(output.GetString());
            return true;
        }

        if (!answer.TryGetProperty("choices", out var choices) || choices.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        var found = false;
        foreach (var choice in choices.EnumerateArray())
        {
            found |= AppendString(choice, "text", text);
            foreach (var name in (ReadOnlySpan<string>)["message", "delta"])
            {
                if (choice.TryGetProperty(name, out var message) && message.ValueKind == JsonValueKind.Object)
                {
                    found |= AppendString(message, "content", text) | AppendString(message, "refusal", text);
                    found |= AppendCalls(message, text);
                }
            }
        }

        return found;
    }

    private static bool AppendString(JsonElement from, string name, StringBuilder text)
    {
        var found = from.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String;
        text.Append(found ? value.GetString() : "");
        return found;
    }

    // A call's id differs each time; what is called with which arguments is what was generated.
    private static bool AppendCalls(JsonElement message, StringBuilder text)
    {
        if (!message.TryGetProperty("tool_calls", out var calls) || calls.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        var found = false;
        foreach (var call in calls.EnumerateArray())
        {
            if (call.TryGetProperty("function", out var function) && function.ValueKind == JsonValueKind.Object)
            {
                found |= AppendString(function, "name", text) | AppendString(function, "arguments", text);
            }
        }

        return found;
    }
}
