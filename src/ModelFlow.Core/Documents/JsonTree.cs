using System.Text.Json;

namespace ModelFlow.Core.Documents;

/// <summary>Reads JSON (RFC 8259) into a tree: no comments, no trailing commas, no field twice, bounded depth.</summary>
internal static class JsonTree
{
    private const int MaxDepth = 16;

    /// <summary>The tree; null when it is no JSON at all, which is then among the findings.</summary>
    public static Node? Read(ReadOnlySpan<byte> utf8, Findings findings)
    {
        if (utf8.Trim(" \t\r\n"u8).IsEmpty)
        {
            findings.Add("", "The document is empty.");
            return null;
        }

        var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = MaxDepth });
        try
        {
            reader.Read();
            var node = ReadNode(ref reader, "", findings);
            reader.Read(); // Throws when something follows.
            return node;
        }
        catch (JsonException e)
        {
            findings.Add("", $"This is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {Sentence(e.Message)}");
        }
        catch (InvalidOperationException)
        {
            // Thrown by GetString for bytes that are no UTF-8 and for halves of surrogate pairs.
            findings.Add("", "A text in the document is not valid Unicode.");
        }

        return null;
    }

    private static Node ReadNode(ref Utf8JsonReader reader, string path, Findings findings)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return ReadMap(ref reader, path, findings);
            case JsonTokenType.StartArray:
                var items = new List<Node>();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(ReadNode(ref reader, $"{path}[{items.Count}]", findings));
                }

                return new ListNode(items, 0);
            case JsonTokenType.String:
                return new ScalarNode(reader.GetString()!, ScalarKind.Text, 0);
            case JsonTokenType.Number:
                return new ScalarNode(System.Text.Encoding.UTF8.GetString(reader.ValueSpan), ScalarKind.Number, 0);
            case JsonTokenType.True:
                return new ScalarNode("true", ScalarKind.Boolean, 0);
            case JsonTokenType.False:
                return new ScalarNode("false", ScalarKind.Boolean, 0);
            default:
                return new ScalarNode("", ScalarKind.Null, 0);
        }
    }

    private static MapNode ReadMap(ref Utf8JsonReader reader, string path, Findings findings)
    {
        var entries = new List<KeyValuePair<string, Node>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = reader.GetString()!;
            var fieldPath = path.Length == 0 ? name : $"{path}.{name}";
            reader.Read();
            var value = ReadNode(ref reader, fieldPath, findings);
            if (names.Add(name))
            {
                entries.Add(new(name, value));
            }
            else
            {
                findings.Add(fieldPath, "The field is there twice; keep one.");
            }
        }

        return new MapNode(entries, 0);
    }

    // The reader's message repeats the position at its end.
    private static string Sentence(string message)
    {
        var position = message.IndexOf(" LineNumber:", StringComparison.Ordinal);
        return position < 0 ? message : message[..position];
    }
}
