using System.Text.Json.Nodes;
using CsCheck;
using ModelFlow.Core.Audit;

namespace ModelFlow.Core.Tests.Audit;

public sealed class NameRedactionTests
{
    private static readonly string[] Words = ["alice", "bob", "alice.smith", " ", ".", ": ", "'", "aliceb", "@", "x", "größer", "\"", "\n"];
    private static readonly Gen<string> Texts = Gen.Int[0, Words.Length - 1].Select(i => Words[i]).Array[0, 8].Select(p => string.Concat(p));

    private static readonly Gen<JsonNode?> Values = Gen.Recursive<JsonNode?>((depth, again) => depth > 3
        ? Texts.Select(t => (JsonNode?)JsonValue.Create(t))
        : Gen.OneOf(
            Texts.Select(t => (JsonNode?)JsonValue.Create(t)),
            Gen.Double.Where(double.IsFinite).Select(d => (JsonNode?)JsonValue.Create(d)),
            Gen.Bool.Select(_ => (JsonNode?)null),
            again.Array[0, 3].Select(i => (JsonNode?)new JsonArray([.. i])),
            Gen.Select(Texts, again).Array[0, 3].Select(m => (JsonNode?)new JsonObject(m.DistinctBy(p => p.Item1, StringComparer.Ordinal).Select(p => KeyValuePair.Create(p.Item1, p.Item2))))));

    [Theory]
    [InlineData("alice", "X", 1)]
    [InlineData("Approved by alice.", "Approved by X.", 1)]
    [InlineData("Rejected by alice: no.", "Rejected by X: no.", 1)]
    [InlineData("gave 'alice' a token", "gave 'X' a token", 1)]
    [InlineData("alice, alice", "X, X", 2)]
    [InlineData("alice.smith", "alice.smith", 0)]
    [InlineData("malice", "malice", 0)]
    [InlineData("alice-2", "alice-2", 0)]
    [InlineData("entra:alice", "entra:alice", 0)]
    [InlineData("alice@example.com", "alice@example.com", 0)]
    [InlineData("Alice", "Alice", 0)]
    [InlineData("alicealice alice", "alicealice X", 1)]
    public void Text_loses_the_name_as_a_word_of_its_own(string text, string expected, int count) => Assert.Equal((expected, count), NameRedaction.Replace(text, "alice", "X"));

    [Fact]
    public void Value_after_a_replacement_has_none_left() => Values.Sample(value =>
    {
        var (changed, count) = NameRedaction.Replace(value, "alice", "erased-1");
        Assert.Equal(0, NameRedaction.Replace(changed, "alice", "erased-1").Count);
        Assert.Equal(count, NameRedaction.Replace(changed, "erased-1", "alice").Count);
    });

    [Fact]
    public void Value_without_the_name_stays_as_it_is() => Values.Sample(value =>
    {
        var (changed, count) = NameRedaction.Replace(value, "nobody", "X");
        Assert.Equal(0, count);
        Assert.True(JsonNode.DeepEquals(value, changed));
    });
}
