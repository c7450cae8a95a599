using System.Text.Json;
using System.Text.Json.Serialization;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Serialization;

/// <summary>How the domain's values are written as JSON everywhere: in tables, in blobs and over HTTP.</summary>
public static class CoreJson
{
    /// <summary>Camel case, enums as camel-case strings, nulls left out, names and digests as text, times as ISO 8601, spans as <c>d.hh:mm:ss</c>.</summary>
    public static JsonSerializerOptions Options { get; } = Create(indented: false);

    /// <summary>The same, indented, for files that people read.</summary>
    public static JsonSerializerOptions Indented { get; } = Create(indented: true);

    /// <summary>Adds the domain's conventions to <paramref name="options"/>.</summary>
    public static void Configure(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.CamelCase;
        options.DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull;
        options.AllowOutOfOrderMetadataProperties = true;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.CamelCase));
        options.Converters.Add(new ModelNameConverter());
        options.Converters.Add(new VersionNameConverter());
        options.Converters.Add(new ReleaseIdConverter());
        options.Converters.Add(new DigestConverter());
        options.Converters.Add(new WeightConverter());
        options.Converters.Add(new ApprovalPointConverter());
    }

    private static JsonSerializerOptions Create(bool indented)
    {
        var options = new JsonSerializerOptions { WriteIndented = indented };
        Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }

    private sealed class ModelNameConverter() : ParsedTextConverter<ModelName>(ModelName.Parse);

    private sealed class VersionNameConverter() : ParsedTextConverter<VersionName>(VersionName.Parse);

    private sealed class ReleaseIdConverter() : ParsedTextConverter<ReleaseId>(ReleaseId.Parse);

    private sealed class DigestConverter() : ParsedTextConverter<Sha256Digest>(Sha256Digest.Parse);

    private sealed class ApprovalPointConverter() : ParsedTextConverter<ApprovalPoint>(ApprovalPoint.Parse);

    private sealed class WeightConverter : JsonConverter<Weight>
    {
        public override Weight Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TryGetInt32(out var points) && points is >= 0 and <= 10_000
                ? new Weight(points)
                : throw new JsonException("A weight is a whole number of basis points from 0 to 10000.");

        public override void Write(Utf8JsonWriter writer, Weight value, JsonSerializerOptions options) => writer.WriteNumberValue(value.BasisPoints);
    }
}
