using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Tests.Evaluation;
using ModelFlow.Testing;
using NJsonSchema;

namespace ModelFlow.Core.Tests.Schemas;

/// <summary>The published schema of <c>evaluation.json</c> and the reader agree, as far as a schema can say it.</summary>
public sealed class EvaluationSchemaTests
{
    public static TheoryData<string> Mistakes => new(
        "schema", "dataset", "dataset.rows", "dataset.sha256", "label", "classes", "batchSize", "candidate", "candidate.accuracy", "candidate.latency", "candidate.latency.p50Ms",
        "candidate.loadTimeMs", "candidate.confusionMatrix", "baseline.macroF1", "paired.bothCorrect", "slices", "notes");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Schema_report_schemaAndReaderAccept(bool baseline)
    {
        var json = Report(baseline).ToJsonString();
        Assert.Empty((await SchemaAsync()).Validate(json));
        Assert.True(EvaluationReportReader.TryRead(Encoding.UTF8.GetBytes(json), out _, out _));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Schema_textReport_schemaAndReaderAccept(bool baseline)
    {
        var json = JsonSerializer.Serialize(TextReports.Of([100, 120], baseline ? [90, 110] : null), CoreJson.Options);
        Assert.Empty((await SchemaAsync()).Validate(json));
        Assert.True(EvaluationReportReader.TryRead(Encoding.UTF8.GetBytes(json), out _, out _));
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public async Task Schema_fieldOutOfRange_schemaAndReaderRefuse(string path)
    {
        var report = Report(baseline: true);
        var names = path.Split('.');
        var parent = names[..^1].Aggregate((JsonNode)report, (node, name) => node[name]!);
        // What no field here may be: neither a number in range, nor a text, nor a list.
        parent[names[^1]] = parent[names[^1]] is JsonValue ? -1 : "x";
        var json = report.ToJsonString();
        Assert.NotEmpty((await SchemaAsync()).Validate(json));
        Assert.False(EvaluationReportReader.TryRead(Encoding.UTF8.GetBytes(json), out _, out _));
    }

    [Fact]
    public async Task Schema_fields_areThoseOfTheRecords()
    {
        var schema = await SchemaAsync();
        var report = (EvaluationReport)JsonSerializer.Deserialize<EvaluationReport>(Report(baseline: true), CoreJson.Options)!;
        report = report with { BaselineUnavailable = "x", PeakMemoryBytes = 1, Candidate = report.Candidate with { MemoryBytes = 1 }, Baseline = report.Baseline! with { MemoryBytes = 1 } };
        report = report with { Answers = report.Answers! with { Ids = ["x"] }, Text = TextReports.Of([100, 120], [90, 110]).Text };
        var written = JsonSerializer.SerializeToNode(report, CoreJson.Options)!;
        Assert.Equal(OfSchema(schema, "").Order(StringComparer.Ordinal), OfJson(written, "").Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private static JsonObject Report(bool baseline) =>
        JsonSerializer.SerializeToNode(Reports.Of([0, 1, 1, 0], [0, 1, 0, 0], baseline ? [0, 0, 1, 0] : null), CoreJson.Options)!.AsObject();

    private static async Task<JsonSchema> SchemaAsync() =>
        await JsonSchema.FromJsonAsync(await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Find(), "docs", "schemas", "evaluation.schema.json")));

    private static IEnumerable<string> OfSchema(JsonSchema schema, string path)
    {
        var actual = schema.ActualSchema;
        return actual.Item is { } item && item.ActualSchema.Properties.Count > 0 ? OfSchema(item, path)
            : actual.Properties.Count == 0 ? [path]
            : actual.Properties.SelectMany(p => OfSchema(p.Value, $"{path}/{p.Key}"));
    }

    private static IEnumerable<string> OfJson(JsonNode? node, string path) => node switch
    {
        JsonArray { Count: > 0 } list when list[0] is JsonObject => list.SelectMany(i => OfJson(i, path)),
        JsonObject map => map.SelectMany(p => OfJson(p.Value, $"{path}/{p.Key}")),
        _ => [path],
    };
}
