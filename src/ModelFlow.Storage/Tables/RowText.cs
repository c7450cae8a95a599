using System.Globalization;
using System.IO.Compression;
using System.Text;
using Azure.Data.Tables;

namespace ModelFlow.Storage.Tables;

/// <summary>The JSON text of a row's document: one property, or Brotli in parts.</summary>
internal static class RowText
{
    public const string SchemaSuffix = "Schema";

    /// <summary>The names of the documents in a row.</summary>
    public static IReadOnlyList<string> Documents(TableEntity row) =>
        [.. row.Keys.Where(k => k.EndsWith(SchemaSuffix, StringComparison.Ordinal) && row[k] is int).Select(k => k[..^SchemaSuffix.Length])];

    /// <summary>Puts a document's text into a row, in the place of what was there. Returns how many bytes it has compressed; 0 if it is readable text.</summary>
    public static int Write(TableEntity row, string name, string json)
    {
        row.Remove(name);
        for (var part = 0; row.Remove(PartName(name, part)); part++)
        {
        }

        if (json.Length <= RowDocument.MaxTextChars)
        {
            row[name] = json;
            return 0;
        }

        var bytes = Compress(json);
        for (var part = 0; part * RowDocument.PartBytes < bytes.Length; part++)
        {
            row[PartName(name, part)] = bytes.AsSpan(part * RowDocument.PartBytes, Math.Min(RowDocument.PartBytes, bytes.Length - (part * RowDocument.PartBytes))).ToArray();
        }

        return bytes.Length;
    }

    /// <summary>A document's text.</summary>
    public static string Read(TableEntity row, string name) => row.TryGetValue(name, out var text) ? (string)text : Decompress(row, name);

    private static string PartName(string name, int part) => name + part.ToString(CultureInfo.InvariantCulture);

    private static byte[] Compress(string json)
    {
        using var buffer = new MemoryStream();
        using (var brotli = new BrotliStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        {
            brotli.Write(Encoding.UTF8.GetBytes(json));
        }

        return buffer.ToArray();
    }

    private static string Decompress(TableEntity row, string name)
    {
        using var buffer = new MemoryStream();
        for (var part = 0; row.TryGetValue(PartName(name, part), out var bytes); part++)
        {
            buffer.Write((byte[])bytes);
        }

        buffer.Position = 0;
        using var brotli = new BrotliStream(buffer, CompressionMode.Decompress);
        using var reader = new StreamReader(brotli, Encoding.UTF8);
        return reader.ReadToEnd();
    }
}
