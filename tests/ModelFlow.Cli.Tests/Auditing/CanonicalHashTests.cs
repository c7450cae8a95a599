using System.Text.Json.Nodes;
using CsCheck;
using ModelFlow.Cli.Auditing;
using ModelFlow.Core.Audit;

namespace ModelFlow.Cli.Tests.Auditing;

/// <summary>Who writes and who verifies were written apart, and agree.</summary>
public sealed class CanonicalHashTests
{
    private static readonly Gen<string> Texts = Gen.String[0, 6];

    private static readonly Gen<JsonNode?> Values = Gen.Recursive<JsonNode?>((depth, again) => depth > 3
        ? Texts.Select(t => (JsonNode?)JsonValue.Create(t))
        : Gen.OneOf(
            Texts.Select(t => (JsonNode?)JsonValue.Create(t)),
            Gen.Double.Where(double.IsFinite).Select(d => (JsonNode?)JsonValue.Create(d)),
            Gen.Long.Select(n => (JsonNode?)JsonValue.Create(n)),
            Gen.Bool.Select(b => (JsonNode?)JsonValue.Create(b)),
            Gen.Bool.Select(_ => (JsonNode?)null),
            again.Array[0, 3].Select(i => (JsonNode?)new JsonArray([.. i])),
            Gen.Select(Texts, again).Array[0, 3].Select(m => (JsonNode?)new JsonObject(m.DistinctBy(p => p.Item1, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Item1, p.Item2))))));

    [Fact]
    public void Hash_is_the_hosts_also_after_the_value_was_sent() => Values.Sample(value =>
    {
        var content = new JsonObject { ["content"] = value?.DeepClone(), ["absent"] = null };

        var hash = HashChain.Next("abc", content);

        Assert.Equal(hash, CanonicalHash.Of("abc", content));
        Assert.Equal(hash, CanonicalHash.Of("abc", JsonNode.Parse(content.ToJsonString())!));
    });
}
