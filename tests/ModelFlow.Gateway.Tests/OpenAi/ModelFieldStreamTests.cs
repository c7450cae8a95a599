using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.AspNetCore.Http;
using ModelFlow.Gateway.OpenAi;

namespace ModelFlow.Gateway.Tests.OpenAi;

public sealed class ModelFieldStreamTests
{
    private static readonly string[] Hard = ["", "model", "\"", "\\", "a\\\"b", "ü€😀", "{\"model\":1}", "]}", "mo del", "\n\u0000"];

    private static readonly Gen<string> Texts = Gen.OneOf(Gen.String[Gen.Char.AlphaNumeric, 0, 8], Gen.Int[0, Hard.Length - 1].Select(i => Hard[i]));

    private static readonly Gen<JsonNode?> Values = Gen.Recursive<JsonNode?>((depth, self) => depth > 3
        ? Texts.Select(t => (JsonNode?)t)
        : Gen.OneOf(
            Texts.Select(t => (JsonNode?)t),
            Gen.Double[-1e6, 1e6].Select(d => (JsonNode?)d),
            Gen.Bool.Select(_ => (JsonNode?)null),
            Gen.Bool.Select(b => (JsonNode?)b),
            self.Array[0, 4].Select(items => (JsonNode?)new JsonArray([.. items.Select(i => i?.DeepClone())])),
            Gen.Select(Texts, self).Array[0, 4].Select(Object)));

    [Fact]
    public void Read_anyObjectInPiecesOfAnySize_changesTheModelAndNothingElse() =>
        Gen.Select(Gen.Select(Texts, Values).Array[0, 6], Gen.Bool, Gen.Int[1, 40], Gen.Int[1, 40]).Sample((members, indented, pieces, reads) =>
        {
            var body = (JsonObject)Object(members)!;
            var sent = body.ToJsonString(new JsonSerializerOptions { WriteIndented = indented });
            var arrived = Rewrite(sent, pieces, reads);
            var expected = (JsonObject)body.DeepClone();
            expected["model"] = "v1.1.0-mlp";
            Assert.True(JsonNode.DeepEquals(expected, JsonNode.Parse(arrived)), $"{sent} became {arrived}");
        });

    [Theory]
    [InlineData("{\"messages\":[{\"model\":\"x\"}],\"model\":\"y\"}", "{\"messages\":[{\"model\":\"x\"}],\"model\":\"M\"}")]
    [InlineData("{\"mod\\u0065l\":\"y\",\"n\":1}", "{\"mod\\u0065l\":\"M\",\"n\":1}")]
    [InlineData("{\"model\":\"a\",\"model\":{\"b\":[1]}}", "{\"model\":\"M\",\"model\":\"M\"}")]
    [InlineData(" { \"model\" : null , \"n\" : NaN } ", " { \"model\" : \"M\" , \"n\" : NaN } ")]
    [InlineData("{}", "{\"model\":\"M\"}")]
    [InlineData("{\"n\":1 }", "{\"n\":1 ,\"model\":\"M\"}")]
    [InlineData("{\"Model\":\"a\"}", "{\"Model\":\"a\",\"model\":\"M\"}")]
    [InlineData("{\"model\":\"breaks o", "{\"model\":\"M\"")]
    [InlineData("", "")]
    public void Read_writesTheModelWhereAReaderWouldFindIt(string sent, string arrived)
    {
        for (var piece = 1; piece < 12; piece++)
        {
            Assert.Equal(arrived, Rewrite(sent, piece, piece, "M"));
        }
    }

    [Theory]
    [InlineData("[1]")]
    [InlineData("\u0000{\u0000}")]
    [InlineData("{\u0000\"\u0000m\u0000")]
    [InlineData("{\"a\":1}{\"model\":\"x\"}")]
    [InlineData("{\"a\" 1}")]
    [InlineData("{model:1}")]
    [InlineData("{\"a\":,}")]
    [InlineData("nonsense")]
    public void Read_whatIsNoJsonObject_isRefused(string sent)
    {
        for (var piece = 1; piece < 12; piece++)
        {
            Assert.Equal(400, Assert.Throws<BadHttpRequestException>(() => Rewrite(sent, piece, 7)).StatusCode);
        }
    }

    private static JsonNode? Object((string Name, JsonNode? Value)[] members)
    {
        var made = new JsonObject();
        foreach (var (name, value) in members)
        {
            made[name] = value?.DeepClone();
        }

        return made;
    }

    private static string Rewrite(string sent, int piece, int read, string model = "v1.1.0-mlp")
    {
        using var stream = new ModelFieldStream(new PieceStream(Encoding.UTF8.GetBytes(sent), piece), ModelFieldStream.Quote(model));
        var arrived = new MemoryStream();
        var buffer = new byte[read];
        int length;
        // The stream below answers at once, so nothing is waited for.
        while ((length = stream.ReadAsync(buffer, TestContext.Current.CancellationToken).AsTask().GetAwaiter().GetResult()) > 0)
        {
            arrived.Write(buffer, 0, length);
        }

        return Encoding.UTF8.GetString(arrived.ToArray());
    }

    private sealed class PieceStream(byte[] bytes, int piece) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, piece)], cancellationToken);
    }
}
