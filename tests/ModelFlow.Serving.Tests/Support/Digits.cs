using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.ML.OnnxRuntime;
using ModelFlow.Testing;

namespace ModelFlow.Serving.Tests.Support;

/// <summary>The digits samples, and what ONNX Runtime itself says about them.</summary>
internal static class Digits
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Find(), "samples", "digits");
    private static readonly ConcurrentDictionary<string, byte[]> Models = new(StringComparer.Ordinal);

    /// <summary>Every version that answers.</summary>
    public static IReadOnlyList<string> Working { get; } =
        ["v1.0.0-base", "v1.1.0-mlp", "v1.1.1-mlp-tuned", "v1.2.0-large", "v1.3.0-broken-labels", "v1.4.0-slice-regression", "v2.0.0-schema"];

    /// <summary>Rows of 64 pixels.</summary>
    public static IReadOnlyList<float[]> Rows { get; } =
        [.. File.ReadLines(Path.Combine(Folder, "eval.jsonl")).Select(l => JsonDocument.Parse(l).RootElement.GetProperty("pixels").EnumerateArray().Select(p => p.GetSingle()).ToArray())];

    public static byte[] Model(string version) => Models.GetOrAdd(version, static v => File.ReadAllBytes(Path.Combine(Folder, v + ".onnx")));

    /// <summary>A request for the first <paramref name="count"/> rows from <paramref name="skip"/>.</summary>
    public static string Request(string version, int count, int skip = 0, bool nested = false)
    {
        var rows = Rows.Skip(skip).Take(count).ToList();
        var schema2 = version == "v2.0.0-schema";
        JsonArray data = nested
            ? [.. rows.Select(r => (JsonNode)new JsonArray([.. r.Select(p => JsonValue.Create(p))]))]
            : [.. rows.SelectMany(r => r).Select(p => JsonValue.Create(p))];
        return new JsonObject
        {
            ["inputs"] = new JsonArray(new JsonObject
            {
                ["name"] = schema2 ? "image" : "pixels",
                ["shape"] = schema2 ? new JsonArray(count, 1, 8, 8) : new JsonArray(count, 64),
                ["datatype"] = "FP32",
                ["data"] = data,
            }),
        }.ToJsonString();
    }

    /// <summary>What ONNX Runtime answers without any server.</summary>
    public static (long[] Labels, float[] Probabilities) Direct(string version, int count, int skip = 0)
    {
        using var session = new InferenceSession(Model(version));
        var pixels = Rows.Skip(skip).Take(count).SelectMany(r => r).ToArray();
        using var input = OrtValue.CreateTensorValueFromMemory(pixels, version == "v2.0.0-schema" ? [count, 1, 8, 8] : [count, 64]);
        using var options = new RunOptions();
        using var results = session.Run(options, session.InputNames, [input], ["label", "probabilities"]);
        return (results[0].GetTensorDataAsSpan<long>().ToArray(), results[1].GetTensorDataAsSpan<float>().ToArray());
    }
}
