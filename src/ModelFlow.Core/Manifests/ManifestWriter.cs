using System.Globalization;
using System.Text;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Manifests;

/// <summary>
/// Writes a manifest in canonical form: JSON Canonicalization Scheme (RFC 8785), files in the order of their paths, empty
/// fields left out. Equal manifests have equal bytes, so the digest of this form, with the files' digests in it,
/// names a version's content.
/// </summary>
public static class ManifestWriter
{
    /// <summary>The canonical bytes.</summary>
    public static byte[] Write(Manifest manifest)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var json = new StringBuilder(256 + (manifest.Files.Count * 128));
        // Fields in the order of their names, as RFC 8785 wants.
        json.Append('{');
        Field(json, "description", manifest.Description);
        json.Append("\"files\":[");
        foreach (var file in manifest.Files.OrderBy(f => f.Path, StringComparer.Ordinal))
        {
            json.Append('{');
            Field(json, "path", file.Path);
            Field(json, "sha256", file.Sha256.Hex);
            json.Append(CultureInfo.InvariantCulture, $"\"size\":{file.Size}}},");
        }

        Close(json, ']').Append(',');
        Field(json, "format", manifest.Format);
        Lineage(json, manifest.Lineage);
        Map(json, "metrics", manifest.Metrics, CanonicalNumber.Write);
        Field(json, "model", manifest.Model.Value);
        Field(json, "owner", manifest.Owner);
        Field(json, "schema", manifest.Schema);
        Field(json, "version", manifest.Version.Value);
        Close(json, '}');
        return StrictUtf8.GetBytes(json.ToString());
    }

    /// <summary>The digest of the canonical bytes: what a version is registered, approved and compared under.</summary>
    public static Sha256Digest DigestOf(Manifest manifest) => Sha256Digest.Of(Write(manifest));

    private static void Lineage(StringBuilder json, Lineage lineage)
    {
        var before = json.Length;
        json.Append("\"lineage\":{");
        var empty = json.Length;
        if (lineage.Dataset is { } dataset)
        {
            json.Append("\"dataset\":{");
            Field(json, "name", dataset.Name);
            Field(json, "sha256", dataset.Sha256?.Hex);
            Field(json, "uri", dataset.Uri);
            Close(json, '}').Append(',');
        }

        Field(json, "gitCommit", lineage.GitCommit);
        Field(json, "gitRepository", lineage.GitRepository);
        Map(json, "parameters", lineage.Parameters, (b, value) => Text(b, value));
        Field(json, "parent", lineage.Parent?.Value);
        Field(json, "trainedAt", lineage.TrainedAt?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
        if (json.Length == empty)
        {
            json.Length = before;
            return;
        }

        Close(json, '}').Append(',');
    }

    private static void Map<T>(StringBuilder json, string name, IReadOnlyDictionary<string, T> map, Action<StringBuilder, T> write)
    {
        if (map.Count == 0)
        {
            return;
        }

        Text(json, name).Append(":{");
        foreach (var (key, value) in map.OrderBy(e => e.Key, StringComparer.Ordinal))
        {
            Text(json, key).Append(':');
            write(json, value);
            json.Append(',');
        }

        Close(json, '}').Append(',');
    }

    private static void Field(StringBuilder json, string name, string? value)
    {
        if (value is not null)
        {
            Text(Text(json, name).Append(':'), value).Append(',');
        }
    }

    private static StringBuilder Close(StringBuilder json, char bracket)
    {
        if (json[^1] == ',')
        {
            json.Length--;
        }

        return json.Append(bracket);
    }

    // RFC 8785, 3.2.2.2: only what must be escaped is, in its shortest form.
    private static StringBuilder Text(StringBuilder json, string value)
    {
        json.Append('"');
        foreach (var c in value)
        {
            _ = c switch
            {
                '"' => json.Append("\\\""),
                '\\' => json.Append("\\\\"),
                '\b' => json.Append("\\b"),
                '\f' => json.Append("\\f"),
                '\n' => json.Append("\\n"),
                '\r' => json.Append("\\r"),
                '\t' => json.Append("\\t"),
                < ' ' => json.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}"),
                _ => json.Append(c),
            };
        }

        return json.Append('"');
    }

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);
}
