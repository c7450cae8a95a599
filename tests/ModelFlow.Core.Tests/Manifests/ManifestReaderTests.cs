using System.Text;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Manifests;

public sealed class ManifestReaderTests
{
    internal static readonly string Hash = new('a', 64);

    internal static readonly string Good = $$"""
        {
          "schema": "modelflow/manifest/v1",
          "model": "digits",
          "version": "v1.1.0-mlp",
          "format": "onnx",
          "files": [
            { "path": "weights/part-2.bin", "size": 20, "sha256": "{{Hash}}" },
            { "path": "model.onnx", "size": 48213, "sha256": "sha256:{{Hash}}" }
          ],
          "owner": "vision team",
          "description": "two lines\nof text",
          "lineage": {
            "dataset": { "name": "digits-train", "sha256": "{{Hash}}", "uri": "https://example.org/digits" },
            "parameters": { "hidden": 64, "activation": "relu", "bias": true, "rate": 1e-3 },
            "gitCommit": "0123456789abcdef0123456789abcdef01234567",
            "gitRepository": "https://example.org/train.git",
            "parent": "v1.0.0-base",
            "trainedAt": "2026-11-01T11:00:00+01:00"
          },
          "metrics": { "accuracy": 0.9749, "loss": 1e-7 }
        }
        """;

    [Fact]
    public void Read_fullManifest_hasEveryField()
    {
        var manifest = Parsed(Good);

        Assert.Equal("digits", manifest.Model.Value);
        Assert.Equal("v1.1.0-mlp", manifest.Version.Value);
        Assert.Equal("onnx", manifest.Format);
        Assert.Equal(["model.onnx", "weights/part-2.bin"], manifest.Files.Select(f => f.Path));
        Assert.Equal(48213 + 20, manifest.TotalBytes);
        Assert.Equal("two lines\nof text", manifest.Description);
        Assert.Equal("vision team", manifest.Owner);
        Assert.Equal(new TrainingData("digits-train", Sha256Digest.Parse(Hash), "https://example.org/digits"), manifest.Lineage.Dataset);
        Assert.Equal(["64", "relu", "true", "1e-3"], manifest.Lineage.Parameters.Values);
        Assert.Equal("0123456789abcdef0123456789abcdef01234567", manifest.Lineage.GitCommit);
        Assert.Equal("https://example.org/train.git", manifest.Lineage.GitRepository);
        Assert.Equal("v1.0.0-base", manifest.Lineage.Parent?.Value);
        Assert.Equal(new DateTimeOffset(2026, 11, 1, 10, 0, 0, TimeSpan.Zero), manifest.Lineage.TrainedAt);
        Assert.Equal(0.9749, manifest.Metrics["accuracy"]);
    }

    [Fact]
    public void Read_leastManifest_hasDefaults()
    {
        var manifest = Parsed(Least());
        Assert.Equal(Manifest.CurrentSchema, manifest.Schema);
        Assert.Equal(new Lineage(), manifest.Lineage);
        Assert.Empty(manifest.Metrics);
    }

    [Theory]
    [InlineData("model", "\"Digits\"", "model", "lower-case")]
    [InlineData("version", "\"latest\"", "version", "Name a version")]
    [InlineData("version", "7", "version", "in quotes")]
    [InlineData("format", "\"ONNX\"", "format", "lower case")]
    [InlineData("format", "\"onnx\\n\"", "format", "lower case")]
    [InlineData("format", "null", "format", "no value")]
    [InlineData("schema", "\"modelflow/manifest/v9\"", "schema", "modelflow/manifest/v1")]
    [InlineData("files", "[]", "files", "0 files")]
    [InlineData("files", "{}", "files", "A list is needed")]
    [InlineData("files", "[7]", "files[0]", "Fields are needed")]
    [InlineData("owner", "\"two\\nlines\"", "owner", "one line")]
    [InlineData("owner", "[]", "owner", "One value is needed")]
    [InlineData("lineage", "{\"gitCommit\":\"0123456\"}", "lineage.gitCommit", "40 (or 64)")]
    [InlineData("lineage", "{\"gitCommit\":\"main\"}", "lineage.gitCommit", "git rev-parse")]
    [InlineData("lineage", "{\"trainedAt\":\"2026-01-31\"}", "lineage.trainedAt", "2026-01-31T12:00:00Z")]
    [InlineData("lineage", "{\"trainedAt\":\"2026-01-31T12:00:00\"}", "lineage.trainedAt", "with its zone")]
    [InlineData("lineage", "{\"parent\":\"v1\"}", "lineage.parent", "semantic version")]
    [InlineData("lineage", "{\"dataset\":{}}", "lineage.dataset.name", "needed")]
    [InlineData("lineage", "{\"dataset\":{\"name\":\"d\",\"uri\":\"https://x/y?sv=1&sig=abc\"}}", "lineage.dataset.uri", "signature")]
    [InlineData("lineage", "{\"gitRepository\":\"https://me:secret@example.org/x.git\"}", "lineage.gitRepository", "password")]
    [InlineData("lineage", "{\"parameters\":{\"layers\":[1]}}", "lineage.parameters.layers", "One value")]
    [InlineData("metrics", "{\"accuracy\":\"0.9\"}", "metrics.accuracy", "without quotes")]
    [InlineData("metrics", "{\"accuracy\":1e999}", "metrics.accuracy", "finite")]
    public void Read_wrongField_namesItAndTheRemedy(string field, string json, string path, string remedy) =>
        AssertError(Read(Least((field, json))), path, remedy);

    [Theory]
    [InlineData("../x", "'..'")]
    [InlineData("a/../b", "'..'")]
    [InlineData("./x", "'.'")]
    [InlineData("a//b", "segment ''")]
    [InlineData("a/", "segment ''")]
    [InlineData("/etc/passwd", "absolute")]
    [InlineData("C:/x", "absolute")]
    [InlineData("a\\\\b", "backslash")]
    [InlineData("a\\u0000b", "U+0000")]
    [InlineData("a\\nb", "U+000A")]
    [InlineData("a\\u202eb", "U+202E")]
    [InlineData("a\\u2028b", "U+2028")]
    [InlineData("folder./x", "dot")]
    [InlineData("x ", "space")]
    [InlineData("", "empty")]
    [InlineData("Manifest.json", "the manifest itself")]
    public void Read_pathThatLeadsAstray_refused(string path, string why) =>
        AssertError(Read(Least(("files", $$"""[{"path":"{{path}}","size":1,"sha256":"{{Hash}}"}]"""))), "files[0].path", why);

    [Theory]
    [InlineData("-1")]
    [InlineData("1.5")]
    [InlineData("1e3")]
    [InlineData("9223372036854775808")]
    [InlineData("209715200000001")]
    public void Read_sizeThatIsNone_refused(string size) =>
        AssertError(Read(Least(("files", $$"""[{"path":"a","size":{{size}},"sha256":"{{Hash}}"}]"""))), "files[0].size", "whole number of bytes");

    [Fact]
    public void Read_pathsThatDifferInCaseOnly_refused() =>
        AssertError(Read(Least(("files", Files("model.onnx", "b", "Model.ONNX")))), "files[2].path", "files[0].path");

    [Theory]
    [InlineData("a", "a/b")]
    [InlineData("A/b", "a")]
    [InlineData("x/y/z", "x/Y")]
    public void Read_pathThatIsFileAndFolder_refused(string first, string second) =>
        AssertError(Read(Least(("files", Files(first, second)))), "files[1].path", "folder");

    [Fact]
    public void Read_manyMistakes_reportsAll()
    {
        var errors = Invalid(Read($$"""
            { "modle": "digits", "version": "latest", "format": "onnx", "owner": 7,
              "files": [ { "path": "a", "size": -1, "sha256": "{{Hash}}" }, { "path": "b", "size": 1, "sha256": "abc", "md5": "x" } ] }
            """));
        Assert.Equal(
            ["model", "version", "files[0].size", "files[1].sha256", "files[1].md5", "owner", "modle"],
            errors.Select(e => e.Path));
        Assert.Contains("did you mean 'model'?", errors[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_fieldTwice_refused() => AssertError(Read("""{"model":"a","model":"b"}"""), "model", "twice");

    [Theory]
    [InlineData("", "empty")]
    [InlineData("[]", "object")]
    [InlineData("{", "not JSON: line 1")]
    [InlineData("{} {}", "not JSON")]
    [InlineData("{\"a\":1,}", "not JSON")]
    [InlineData("// x\n{}", "not JSON")]
    [InlineData("{\"model\":\"\\ud800\"}", "Unicode")]
    public void Read_noJson_refused(string json, string why) => AssertError(Read(json), "", why);

    [Fact]
    public void Read_invalidUtf8_refused() => AssertError(ManifestReader.Read([(byte)'{', (byte)'"', 0xC3, 0x28, (byte)'"', (byte)':', (byte)'1', (byte)'}']), "", "");

    [Fact]
    public void Read_nestedTooDeep_refused() =>
        AssertError(Read(string.Concat(Enumerable.Repeat("{\"a\":", 5_000)) + "1" + new string('}', 5_000)), "", "not JSON");

    [Fact]
    public void Read_tooManyBytes_refused() => AssertError(ManifestReader.Read(new byte[ManifestReader.MaxBytes + 1]), "", "at most 4194304");

    [Fact]
    public void Read_mostFiles_accepted_andOneMoreRefused()
    {
        Assert.Equal(10_000, Parsed(Least(("files", Files(Enumerable.Range(0, 10_000).Select(i => $"f{i}").ToArray())))).Files.Count);
        AssertError(Read(Least(("files", Files(Enumerable.Range(0, 10_001).Select(i => $"f{i}").ToArray())))), "files", "10001 files");
    }

    [Fact]
    public void Read_hundredsOfMistakes_reportsTheFirstHundred()
    {
        var unknown = string.Join(",", Enumerable.Range(0, 500).Select(i => $"\"unknown{i}\":1"));
        var errors = Invalid(Read($$"""{{{unknown}}}"""));
        Assert.Equal(101, errors.Count);
        Assert.Contains("more mistakes", errors[^1].Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CheckPlace_otherNames_namesBoth()
    {
        var manifest = Parsed(Least());
        Assert.Empty(ManifestReader.CheckPlace(manifest, ModelName.Parse("digits"), VersionName.Parse("v1.0.0")));
        Assert.Equal(["model", "version"], ManifestReader.CheckPlace(manifest, ModelName.Parse("other"), VersionName.Parse("v1.0.1")).Select(e => e.Path));
    }

    internal static ParseManifest Read(string json) => ManifestReader.Read(Encoding.UTF8.GetBytes(json));

    internal static string Least(params (string Name, string Json)[] changes)
    {
        var fields = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["model"] = "\"digits\"",
            ["version"] = "\"v1.0.0\"",
            ["format"] = "\"onnx\"",
            ["files"] = Files("model.onnx"),
        };
        foreach (var (name, json) in changes)
        {
            fields[name] = json;
        }

        return $"{{{string.Join(",", fields.Select(f => $"\"{f.Key}\":{f.Value}"))}}}";
    }

    [Fact]
    public void CheckPaths_nameTheFileToBlame()
    {
        Assert.Empty(ManifestReader.CheckPaths(["a", "b/c"], "files"));
        Assert.Equal(["files[1]", "files[2]", "files[4]"], ManifestReader.CheckPaths(["a", null, "b//c", "d/e", "D"], "files").Select(e => e.Path));
        Assert.Equal(["files"], ManifestReader.CheckPaths([], "files").Select(e => e.Path));
        Assert.Equal(["files"], ManifestReader.CheckPaths([.. Enumerable.Range(0, ManifestReader.MaxFiles + 1).Select(i => $"{i}")], "files").Select(e => e.Path));
    }

    [Fact]
    public void CheckPaths_ofDeepFolders_takeNoMemoryForThem()
    {
        // As deep as a path can be, and as many as fit a manifest: each folder is another.
        var paths = Enumerable.Range(0, 8_000).Select(i => $"{i}/" + string.Concat(Enumerable.Repeat("a/", 250)) + "b").ToList();
        var before = GC.GetAllocatedBytesForCurrentThread();

        Assert.Empty(ManifestReader.CheckPaths(paths, "files"));

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 64 << 20);
    }

    private static string Files(params string[] paths) => $"[{string.Join(",", paths.Select(p => $$"""{"path":"{{p}}","size":1,"sha256":"{{Hash}}"}"""))}]";

    private static Manifest Parsed(string json) => Assert.IsType<ParseManifest.Parsed>(Read(json)).Manifest;

    private static IReadOnlyList<FieldError> Invalid(ParseManifest outcome) => Assert.IsType<ParseManifest.Invalid>(outcome).Errors;

    private static void AssertError(ParseManifest outcome, string path, string remedy) =>
        Assert.Contains(Invalid(outcome), e => e.Path == path && e.Message.Contains(remedy, StringComparison.Ordinal));
}
