using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Storage.Tables;

/// <summary>Sizes and shapes that all rows share.</summary>
internal static class RowDocument
{
    // Azure: a string property holds 64 KiB in UTF-16, a binary one 64 KiB, a row 1 MiB with names and keys.
    public const int MaxTextChars = 30_000;
    public const int PartBytes = 64 * 1024;
    public const int MaxRowBytes = 1_000_000; // Leaves 48 KiB for names, keys and the other properties.

    /// <summary>What a row takes on the wire: strings as UTF-16, binaries in Base64.</summary>
    public static int SizeOf(TableEntity row) => row.Sum(p => (2 * p.Key.Length) + p.Value switch
    {
        string s => 2 * s.Length,
        byte[] b => b.Length / 3 * 4,
        _ => 16,
    });
}

/// <summary>
/// A value kept in a table row as JSON, with the version of its shape. Up to 30,000 characters it is one readable text property;
/// beyond that it is compressed (Brotli) into binary properties of 64 KiB, up to about a megabyte.
/// </summary>
/// <param name="name">The property's name: <c>{name}</c>, <c>{name}Schema</c>, <c>{name}0</c>, <c>{name}1</c>, …</param>
/// <param name="upgrades">Each makes the shape after from the one before: the first from 1 to 2. The current shape is their number plus one.</param>
internal sealed class RowDocument<T>(string name, params Func<JsonObject, JsonObject>[] upgrades)
{
    private readonly string _schema = name + RowText.SchemaSuffix;

    /// <summary>The most it may add to a row: less than a row's million where the row holds more than this.</summary>
    public int MaxBytes { get; init; } = RowDocument.MaxRowBytes;

    /// <summary>The version that is written.</summary>
    public int CurrentSchema => upgrades.Length + 1;

    /// <summary>Puts <paramref name="value"/> into <paramref name="row"/>.</summary>
    /// <exception cref="StorageException">It is bigger than a row.</exception>
    public TableEntity Write(TableEntity row, T value)
    {
        var json = JsonSerializer.Serialize(value, CoreJson.Options);
        row[_schema] = CurrentSchema;
        var bytes = RowText.Write(row, name, json);
        return bytes <= MaxBytes
            ? row
            : throw new StorageException($"A {typeof(T).Name} of {json.Length:N0} characters does not fit into a table row: it may have {MaxBytes:N0} bytes compressed and has {bytes:N0}.");
    }

    /// <summary>Takes the value out of a row, in whatever shape it was written.</summary>
    /// <exception cref="StorageException">It was written by a newer ModelFlow, or is damaged.</exception>
    public T Read(TableEntity row)
    {
        try
        {
            var schema = row.GetInt32(_schema) ?? throw new JsonException($"the property '{_schema}' is missing");
            if (schema > CurrentSchema)
            {
                throw new StorageException($"The row {row.PartitionKey}/{row.RowKey} was written by a newer ModelFlow (shape {schema} of {typeof(T).Name}; this one knows {CurrentSchema}): upgrade this one.");
            }

            var json = RowText.Read(row, name);
            if (schema == CurrentSchema)
            {
                return JsonSerializer.Deserialize<T>(json, CoreJson.Options) ?? throw new JsonException("it is null");
            }

            var old = JsonNode.Parse(json)?.AsObject() ?? throw new JsonException("it is null");
            var current = upgrades.Skip(schema - 1).Aggregate(old, (shape, upgrade) => upgrade(shape));
            return current.Deserialize<T>(CoreJson.Options) ?? throw new JsonException("it is null");
        }
        catch (Exception e) when (e is JsonException or InvalidDataException or InvalidCastException or InvalidOperationException or NotSupportedException)
        {
            throw new StorageException($"The row {row.PartitionKey}/{row.RowKey} holds no readable {typeof(T).Name}: {e.Message}", e);
        }
    }
}
