using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Audit;

/// <summary>
/// Chains entries so that none can be changed, left out or put in without every later hash being wrong:
/// <c>hash = SHA-256(previous hash in hex, a line feed, the entry as canonical JSON)</c>.
/// Canonical JSON here has no white space, members in ordinal order of their names, no null members,
/// and strings and numbers as <see cref="System.Text.Json"/> writes them.
/// </summary>
public static class HashChain
{
    /// <summary>The hash of <paramref name="content"/> after <paramref name="previousHash"/> (empty for the first entry), as 64 lower-case hexadecimal digits.</summary>
    public static string Next(string previousHash, JsonNode content)
    {
        ArgumentNullException.ThrowIfNull(previousHash);
        ArgumentNullException.ThrowIfNull(content);
        using var buffer = new MemoryStream();
        buffer.Write(Encoding.ASCII.GetBytes(previousHash));
        buffer.WriteByte((byte)'\n');
        using (var writer = new Utf8JsonWriter(buffer))
        {
            WriteCanonical(writer, content);
        }

        return Sha256Digest.Of(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)).Hex;
    }

    private static void WriteCanonical(Utf8JsonWriter writer, JsonNode? node)
    {
        switch (node)
        {
            case null:
                writer.WriteNullValue();
                break;
            case JsonObject members:
                writer.WriteStartObject();
                foreach (var (name, value) in members.Where(m => m.Value is not null).OrderBy(m => m.Key, StringComparer.Ordinal))
                {
                    writer.WritePropertyName(name);
                    WriteCanonical(writer, value);
                }

                writer.WriteEndObject();
                break;
            case JsonArray items:
                writer.WriteStartArray();
                foreach (var item in items)
                {
                    WriteCanonical(writer, item);
                }

                writer.WriteEndArray();
                break;
            default:
                node.WriteTo(writer);
                break;
        }
    }
}
