using System.Text.Json;

namespace ModelFlow.Infra.Tests;

/// <summary>What a deployment would ask for.</summary>
internal sealed record Snapshot(IReadOnlyList<Resource> Resources)
{
    public IEnumerable<Resource> Of(string type) => Resources.Where(r => r.Type == type);

    public Resource One(string type, string name) => Assert.Single(Of(type), r => r.Name == name || r.Name.EndsWith('/' + name, StringComparison.Ordinal));
}

/// <summary>One resource. Values that are known only in Azure are expressions in brackets.</summary>
internal sealed record Resource(JsonElement Json)
{
    public string Type => Json.GetProperty("type").GetString()!;

    public string Name => Json.GetProperty("name").GetString()!;

    public string Id => Json.GetProperty("id").GetString()!;

    /// <summary>A value by its path from <c>properties</c>; undefined if it is not there.</summary>
    public JsonElement this[string path]
    {
        get
        {
            var value = Json.GetProperty("properties");
            foreach (var step in path.Split('.'))
            {
                if (int.TryParse(step, out var index))
                {
                    value = value[index];
                }
                else if (!value.TryGetProperty(step, out value))
                {
                    return default;
                }
            }

            return value;
        }
    }

    /// <summary>The environment of a container app: what is secret or known only in Azure is made up.</summary>
    public Dictionary<string, string?> Environment() =>
        this["template.containers.0.env"].EnumerateArray().ToDictionary(
            e => e.GetProperty("name").GetString()!.Replace("__", ":", StringComparison.Ordinal),
            e => e.TryGetProperty("value", out var value) ? Made(value.GetString()!) : Secret,
            StringComparer.Ordinal);

    /// <summary>The settings of a function app, as <see cref="Environment"/>.</summary>
    public Dictionary<string, string?> Settings() =>
        Json.GetProperty("properties").EnumerateObject().ToDictionary(p => p.Name.Replace("__", ":", StringComparison.Ordinal), p => Made(p.Value.GetString()!), StringComparer.Ordinal);

    /// <summary>Fits every secret: long enough, and base64 of 33 bytes.</summary>
    public const string Secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQtc2VjcmV0LXNlY3Jl";

    private static string? Made(string value) =>
        value.StartsWith("@Microsoft.KeyVault(", StringComparison.Ordinal) ? Secret
        : value.StartsWith('[') ? "https://known.only.in.azure"
        : value;
}
