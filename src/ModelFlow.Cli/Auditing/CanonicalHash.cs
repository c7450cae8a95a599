using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace ModelFlow.Cli.Auditing;

/// <summary>
/// The hash of a chain's entry, written from the description in <c>docs/audit.md</c> and not from the host's code: who verifies must not repeat a mistake of who wrote.
/// </summary>
internal static class CanonicalHash
{
    /// <summary>SHA-256 over the hash before in hexadecimal digits, a line feed, and the content: no white space, members by name in ordinal order, none that is null.</summary>
    public static string Of(string previousHash, JsonNode content)
    {
        using var buffer = new MemoryStream();
        buffer.Write(Encoding.ASCII.GetBytes(previousHash));
        buffer.WriteByte((byte)'\n');
        using (var writer = new Utf8JsonWriter(buffer))
        {
            Write(writer, content);
        }

        return Convert.ToHexStringLower(SHA256.HashData(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
    }

    private static void Write(Utf8JsonWriter writer, JsonNode? node)
    {
        if (node is JsonObject members)
        {
            writer.WriteStartObject();
            foreach (var name in members.Select(m => m.Key).Order(StringComparer.Ordinal))
            {
                if (members[name] is { } value)
                {
                    writer.WritePropertyName(name);
                    Write(writer, value);
                }
            }

            writer.WriteEndObject();
        }
        else if (node is JsonArray items)
        {
            writer.WriteStartArray();
            foreach (var item in items)
            {
                Write(writer, item);
            }

            writer.WriteEndArray();
        }
        else if (node is null)
        {
            writer.WriteNullValue();
        }
        else
        {
            node.WriteTo(writer);
        }
    }
}
