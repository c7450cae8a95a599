using System.Text.Json;

namespace ModelFlow.TextEngine.Http;

/// <summary>A request of OpenAI's API as this engine understands it; both kinds, with every value checked.</summary>
internal sealed record EngineRequest
{
    private const int MostStops = 4;
    private const int LongestStop = 1_000;
    private const int MostTop = 20;
    private const int MostMessages = 1_000;

    public string? Model { get; init; }

    /// <summary>The text to go on with; null in a conversation.</summary>
    public string? Prompt { get; init; }

    /// <summary>The conversation; null for a text.</summary>
    public IReadOnlyList<(string Role, string Content)>? Messages { get; init; }

    /// <summary>Null for the default.</summary>
    public int? MaxTokens { get; init; }

    public double Temperature { get; init; } = 1;

    public double TopP { get; init; } = 1;

    public int? Seed { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>How many most probable tokens are wanted with each; null for no probabilities.</summary>
    public int? Scores { get; init; }

    /// <summary>Whether the answer repeats the prompt.</summary>
    public bool Echo { get; init; }

    public bool Stream { get; init; }

    public bool IncludeUsage { get; init; }

    /// <summary>Reads a body, or says in <paramref name="error"/> what is wrong and with which field.</summary>
    public static EngineRequest? Read(ReadOnlyMemory<byte> body, bool chat, out (string Field, string Message) error)
    {
        try
        {
            using var document = JsonDocument.Parse(body, new JsonDocumentOptions { MaxDepth = 32 });
            return new Reader(document.RootElement, chat).Read(out error);
        }
        catch (JsonException e)
        {
            error = ("body", $"is no JSON: {e.Message}");
            return null;
        }
    }

    private sealed class Reader(JsonElement root, bool chat)
    {
        private (string Field, string Message)? _mistake;

        public EngineRequest? Read(out (string Field, string Message) error)
        {
            error = ("body", "is not a JSON object.");
            if (root.ValueKind != JsonValueKind.Object)
            {
                return null;
            }

            Refuse("n", 1);
            Refuse("best_of", 1);
            RefuseAny("suffix", "tools", "functions", "logit_bias", "response_format", "grammar");
            var request = new EngineRequest
            {
                Model = Text("model"),
                Prompt = chat ? null : Prompt(),
                Messages = chat ? Messages() : null,
                MaxTokens = Whole(chat && !Has("max_tokens") ? "max_completion_tokens" : "max_tokens", 0, 1_048_576),
                Temperature = Number("temperature", 0, 100) ?? 1,
                TopP = Number("top_p", 0, 1) ?? 1,
                Seed = Whole("seed", int.MinValue, int.MaxValue),
                Stop = Stops(),
                Scores = chat ? Flag("logprobs") ? Whole("top_logprobs", 0, MostTop) ?? 0 : null : Whole("logprobs", 0, MostTop),
                Echo = !chat && Flag("echo"),
                Stream = Flag("stream"),
                IncludeUsage = Has("stream_options", out var options) && options.ValueKind == JsonValueKind.Object
                    && options.TryGetProperty("include_usage", out var usage) && usage.ValueKind == JsonValueKind.True,
            };
            if (request is { Stream: true, Echo: true })
            {
                Mistake("echo", "is not given in a stream; ask without 'stream'.");
            }

            error = _mistake ?? default;
            return _mistake is null ? request : null;
        }

        private string? Prompt()
        {
            if (Has("prompt", out var prompt) && prompt is { ValueKind: JsonValueKind.Array } && prompt.GetArrayLength() == 1)
            {
                prompt = prompt[0];
            }

            return prompt.ValueKind == JsonValueKind.String
                ? prompt.GetString()
                : Mistake<string>("prompt", "must be one text (lists of several, and of token ids, are not taken).");
        }

        private List<(string, string)>? Messages()
        {
            if (!Has("messages", out var messages) || messages.ValueKind != JsonValueKind.Array || messages.GetArrayLength() is 0 or > MostMessages)
            {
                return Mistake<List<(string, string)>>("messages", $"must be a list of 1 to {MostMessages} messages.");
            }

            var found = new List<(string, string)>();
            foreach (var (message, i) in messages.EnumerateArray().Select((m, i) => (m, i)))
            {
                if (message.ValueKind != JsonValueKind.Object || TextOf(message, "role") is not { Length: > 0 and <= 64 } role || ContentOf(message) is not { } content)
                {
                    return Mistake<List<(string, string)>>($"messages[{i}]", "must have a role and a content of text.");
                }

                found.Add((role, content));
            }

            return found;
        }

        // A text, or parts that are all of text.
        private static string? ContentOf(JsonElement message)
        {
            if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array)
            {
                return TextOf(message, "content");
            }

            var parts = content.EnumerateArray().Select(p => p.ValueKind == JsonValueKind.Object && string.Equals(TextOf(p, "type"), "text", StringComparison.Ordinal) ? TextOf(p, "text") : null).ToList();
            return parts.Contains(null) ? null : string.Concat(parts);
        }

        private List<string> Stops()
        {
            if (!Has("stop", out var stop))
            {
                return [];
            }

            var stops = stop.ValueKind == JsonValueKind.Array ? stop.EnumerateArray().ToList() : [stop];
            return stops.Count <= MostStops && stops.TrueForAll(s => s.ValueKind == JsonValueKind.String && s.GetString() is { Length: > 0 and <= LongestStop })
                ? [.. stops.Select(s => s.GetString() ?? "")]
                : Mistake<List<string>>("stop", $"must be one text or up to {MostStops}, of 1 to {LongestStop} characters.") ?? [];
        }

        private void Refuse(string field, int only)
        {
            if (Has(field, out var value) && !(value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number == only))
            {
                Mistake(field, $"must be {only}: this engine gives one answer.");
            }
        }

        private void RefuseAny(params ReadOnlySpan<string> fields)
        {
            foreach (var field in fields)
            {
                if (Has(field, out var value) && !(value.ValueKind is JsonValueKind.Array && value.GetArrayLength() == 0))
                {
                    Mistake(field, "is not known to this engine.");
                }
            }
        }

        private bool Flag(string field) => Has(field, out var value)
            && (value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : Mistake(field, "must be true or false."));

        private string? Text(string field) => !Has(field, out var value) ? null
            : value.ValueKind == JsonValueKind.String ? value.GetString() : Mistake<string>(field, "must be a text.");

        private int? Whole(string field, int least, int most)
        {
            if (!Has(field, out var value))
            {
                return null;
            }

            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) && number >= least && number <= most)
            {
                return number;
            }

            Mistake(field, $"must be a whole number from {least} to {most}.");
            return null;
        }

        private double? Number(string field, double least, double most)
        {
            if (!Has(field, out var value))
            {
                return null;
            }

            if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most)
            {
                return number;
            }

            Mistake(field, $"must be a number from {least} to {most}.");
            return null;
        }

        private bool Has(string field) => Has(field, out _);

        private bool Has(string field, out JsonElement value) => root.TryGetProperty(field, out value) && value.ValueKind != JsonValueKind.Null;

        private static string? TextOf(JsonElement element, string field) =>
            element.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

        private bool Mistake(string field, string message)
        {
            _mistake ??= (field, message);
            return false;
        }

        private T? Mistake<T>(string field, string message)
            where T : class
        {
            _mistake ??= (field, message);
            return null;
        }
    }
}
