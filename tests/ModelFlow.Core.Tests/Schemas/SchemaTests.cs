using System.Globalization;
using System.Text.Json.Nodes;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Tests.Manifests;
using ModelFlow.Core.Tests.Policies;
using ModelFlow.Testing;
using NJsonSchema;

namespace ModelFlow.Core.Tests.Schemas;

/// <summary>The published JSON schemas and the readers agree. What a schema cannot say (rising weights, unique paths) only the readers check.</summary>
public sealed class SchemaTests
{
    public static TheoryData<string> GoodPolicies => new(
        PolicyReaderTests.Least,
        PolicyReaderTests.Full,
        File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "samples", "digits", "policy.yaml")),
        With("ramp: { steps: [ { weight: 10000 bp, bake: 1h30m15.5s } ] }"),
        WithExperiment("minimumEffect: 0.02"),
        WithExperiment("minimumEffect: 2 %, mode: fixed, longest: 36h, whenNoDifference: rollback"),
        With("retention: { coolAfter: never, coldAfter: never, archiveAfter: never, deleteAfter: 30d }"),
        With("guardrails: { errorRateIncrease: 0, latencyP50Ratio: 1.01 }"));

    public static TheoryData<string> BadPolicies => new(
        "smoke: {}",
        With("extra: 1"),
        With("ramp: { steps: [] }"),
        With("ramp: { steps: [ { weight: 5, bake: 1m } ] }"),
        With("ramp: { steps: [ { weight: 100 % } ] }"),
        With("ramp: { steps: [ { weight: 100 %, bake: 10 } ] }"),
        With("ramp: { steps: [ { weight: 100 %, bake: 10m1h } ] }"),
        WithExperiment(""),
        WithExperiment("minimumEffect: 0.6"),
        WithExperiment("minimumEffect: 2 %, mode: once"),
        WithExperiment("minimumEffect: 2 %, confidence: 0.5"),
        WithExperiment("minimumEffect: 2 %, mode: fixed, sampleSize: 3"),
        WithExperiment("minimumEffect: 2 %, longest: 7"),
        WithExperiment("minimumEffect: 2 %, guardedSlices: ['a b']"),
        WithExperiment("minimumEffect: 2 %, winner: continue"),
        With("ramp: { sticky: { name: 'x y' } }"),
        With("ramp: { sticky: { kind: Header } }"),
        With("ramp: { whenInconclusive: stop }"),
        With("guardrails: { latencyP95Ratio: 1 }"),
        With("guardrails: { latencyP95Ratio: never }"),
        With("guardrails: { minRequests: 0 }"),
        With("guardrails: { falseAlarmBudget: 0.5 }"),
        With("approval: { required: 11 }"),
        With("approval: { required: 1.5 }"),
        With("retention: { coolAfter: off }"),
        With("retention: { keepStable: 101 }"),
        With("signature: { breaking: maybe }"),
        With("concurrency: 1"),
        With("keepLoaded: soon"),
        With("schema: modelflow/policy/v2"),
        With("signature: []"),
        PolicyReaderTests.Least.Replace("eval.csv", "eval.txt", StringComparison.Ordinal),
        PolicyReaderTests.Least.Replace("d/eval.csv", "/eval.csv", StringComparison.Ordinal),
        PolicyReaderTests.Least.Replace(PolicyReaderTests.Hash, "abc", StringComparison.Ordinal),
        PolicyReaderTests.Least.Replace("sha256", "sha", StringComparison.Ordinal),
        WithGates("minAccuracy: 2"),
        WithGates("minAcuracy: 0.9"));

    public static TheoryData<string> GoodManifests => new(
        ManifestReaderTests.Good,
        ManifestReaderTests.Least(),
        ManifestReaderTests.Least(("lineage", """{"parameters":{"a":1,"b":true,"c":"x"},"trainedAt":"2026-01-31T12:00:00.25+02:00"}""")));

    public static TheoryData<string> BadManifests => new(
        "[]",
        "{}",
        ManifestReaderTests.Least(("extra", "1")),
        ManifestReaderTests.Least(("model", "\"Digits\"")),
        ManifestReaderTests.Least(("version", "\"latest\"")),
        ManifestReaderTests.Least(("version", "\"v01.0.0\"")),
        ManifestReaderTests.Least(("version", "\"v1.0.0+build\"")),
        ManifestReaderTests.Least(("format", "\"ONNX\"")),
        ManifestReaderTests.Least(("files", "[]")),
        ManifestReaderTests.Least(("files", """[{"path":"a","size":1}]""")),
        ManifestReaderTests.Least(("files", $$"""[{"path":"/a","size":1,"sha256":"{{ManifestReaderTests.Hash}}"}]""")),
        ManifestReaderTests.Least(("files", $$"""[{"path":"a\\b","size":1,"sha256":"{{ManifestReaderTests.Hash}}"}]""")),
        ManifestReaderTests.Least(("files", $$"""[{"path":"a","size":-1,"sha256":"{{ManifestReaderTests.Hash}}"}]""")),
        ManifestReaderTests.Least(("files", $$"""[{"path":"a","size":1.5,"sha256":"{{ManifestReaderTests.Hash}}"}]""")),
        ManifestReaderTests.Least(("owner", "7")),
        ManifestReaderTests.Least(("owner", "null")),
        ManifestReaderTests.Least(("metrics", """{"accuracy":"0.9"}""")),
        ManifestReaderTests.Least(("lineage", """{"parameters":{"a":[1]}}""")),
        ManifestReaderTests.Least(("lineage", """{"gitCommit":"abc"}""")),
        ManifestReaderTests.Least(("lineage", """{"trainedAt":"2026-01-31"}""")),
        ManifestReaderTests.Least(("lineage", """{"dataset":{}}""")));

    [Theory]
    [MemberData(nameof(GoodPolicies))]
    public async Task PolicySchema_goodPolicy_schemaAndReaderAccept(string yaml)
    {
        Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read(yaml));
        Assert.Empty((await SchemaAsync("policy")).Validate(AsJson(yaml)));
    }

    [Theory]
    [MemberData(nameof(BadPolicies))]
    public async Task PolicySchema_badPolicy_schemaAndReaderRefuse(string yaml)
    {
        Assert.IsType<ParsePolicy.Invalid>(PolicyReader.Read(yaml));
        Assert.NotEmpty((await SchemaAsync("policy")).Validate(AsJson(yaml)));
    }

    [Theory]
    [MemberData(nameof(GoodManifests))]
    public async Task ManifestSchema_goodManifest_schemaAndReaderAccept(string json)
    {
        Assert.IsType<ParseManifest.Parsed>(ManifestReaderTests.Read(json));
        Assert.Empty((await SchemaAsync("manifest")).Validate(json));
    }

    [Theory]
    [MemberData(nameof(BadManifests))]
    public async Task ManifestSchema_badManifest_schemaAndReaderRefuse(string json)
    {
        Assert.IsType<ParseManifest.Invalid>(ManifestReaderTests.Read(json));
        Assert.NotEmpty((await SchemaAsync("manifest")).Validate(json));
    }

    [Fact]
    public async Task PolicySchema_fields_areThoseOfTheRecords()
    {
        // The rules in 'also' have the fields of 'approval', which are read by the same code.
        var inSchema = Leaves(await SchemaAsync("policy"), "")
            .Where(p => !p.StartsWith("approval.also[].", StringComparison.Ordinal) || p.EndsWith(".before", StringComparison.Ordinal)).Order(StringComparer.Ordinal);
        var inRecords = PolicyDocsTests.Leaves(typeof(Policy), "", Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read(PolicyReaderTests.Full)).Policy)
            .Select(l => l.Path).Order(StringComparer.Ordinal);
        Assert.Equal(inRecords, inSchema);
    }

    [Fact]
    public async Task ManifestSchema_fields_areThoseTheWriterWrites()
    {
        var written = Leaves(JsonNode.Parse(ManifestWriter.Write(Assert.IsType<ParseManifest.Parsed>(ManifestReaderTests.Read(ManifestReaderTests.Good)).Manifest))!, "");
        Assert.Equal(Leaves(await SchemaAsync("manifest"), "").Order(StringComparer.Ordinal), written.Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
    }

    private static async Task<JsonSchema> SchemaAsync(string name) =>
        await JsonSchema.FromJsonAsync(await File.ReadAllTextAsync(Path.Combine(RepositoryRoot.Find(), "docs", "schemas", $"{name}.schema.json")));

    private static string WithGates(string gates) =>
        PolicyReaderTests.Least.Replace("evaluation: {", $"evaluation: {{ gates: {{ {gates} }},", StringComparison.Ordinal);

    private static string WithExperiment(string fields) =>
        With($"ramp: {{ steps: [ {{ weight: 50 %, bake: 1m, experiment: {{ {fields} }} }}, {{ weight: 100 %, bake: 1m }} ] }}");

    private static string With(string yaml) => PolicyReaderTests.Least + yaml;

    private static IEnumerable<string> Leaves(JsonSchema schema, string path)
    {
        var actual = schema.ActualSchema;
        if (actual.Item is { } item && item.ActualSchema.Properties.Count > 0)
        {
            return Leaves(item, path + "[]");
        }

        return actual.Properties.Count == 0 ? [path] : actual.Properties.SelectMany(p => Leaves(p.Value, path.Length == 0 ? p.Key : $"{path}.{p.Key}"));
    }

    private static IEnumerable<string> Leaves(JsonNode node, string path) => node switch
    {
        JsonArray list => list.SelectMany(i => Leaves(i!, path + "[]")),
        JsonObject map when path is not ("metrics" or "lineage.parameters") => map.SelectMany(p => Leaves(p.Value!, path.Length == 0 ? p.Key : $"{path}.{p.Key}")),
        _ => [path],
    };

    // As an editor with the schema sees it: YAML's plain values are numbers where they look like one.
    private static string AsJson(string yaml) => ToJson(YamlTree.Read(yaml, new Findings())!)!.ToJsonString();

    private static JsonNode? ToJson(Node node) => node switch
    {
        MapNode map => new JsonObject(map.Entries.Select(e => KeyValuePair.Create(e.Key, ToJson(e.Value)))),
        ListNode list => new JsonArray([.. list.Items.Select(ToJson)]),
        ScalarNode { Kind: ScalarKind.Null } => null,
        ScalarNode { Kind: ScalarKind.Plain } s when long.TryParse(s.Text, CultureInfo.InvariantCulture, out var whole) => JsonValue.Create(whole),
        ScalarNode { Kind: ScalarKind.Plain } s when double.TryParse(s.Text, CultureInfo.InvariantCulture, out var number) => JsonValue.Create(number),
        ScalarNode { Kind: ScalarKind.Plain, Text: "true" or "false" } s => JsonValue.Create(s.Text == "true"),
        ScalarNode s => JsonValue.Create(s.Text),
        _ => throw new NotSupportedException(),
    };
}
