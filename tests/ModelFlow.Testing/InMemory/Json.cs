using System.Text.Json;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Testing.InMemory;

/// <summary>Values are kept as JSON, as in the tables: nothing that does not survive that survives here.</summary>
internal static class Json
{
    public static string Write<T>(T value) => JsonSerializer.Serialize(value, CoreJson.Options);

    public static T Read<T>(string json) => JsonSerializer.Deserialize<T>(json, CoreJson.Options)
        ?? throw new InvalidOperationException($"A stored {typeof(T).Name} is null.");

    public static T Copy<T>(T value) => Read<T>(Write(value));
}
