using System.Net.Http.Headers;
using System.Text;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Gateway.OpenAi;

namespace ModelFlow.Gateway.Tests.OpenAi;

public sealed class TokenReaderTests
{
    private const string Usage = "{\"prompt_tokens\":11,\"completion_tokens\":7,\"total_tokens\":18,\"prompt_tokens_details\":{\"prompt_tokens\":3}}";

    [Theory]
    [InlineData("{\"choices\":[{\"message\":{\"content\":\"usage\\\":{\"}}],\"usage\":" + Usage + "}", 11, 7)]
    [InlineData("{\"usage\":" + Usage + ",\"choices\":[]}", 11, 7)]
    [InlineData("{\"usage\":null}", 0, 0)]
    [InlineData("{\"usage\":{\"prompt_tokens\":-4,\"completion_tokens\":1e99}}", 0, 0)]
    [InlineData("{\"usage\":{\"prompt_tokens\":5}}", 5, 0)]
    [InlineData("{\"choices\":[{\"usage\":" + Usage + "}]}", 0, 0)]
    [InlineData("{\"usage\":{\"prompt_tokens\":", 0, 0)]
    [InlineData("not json", 0, 0)]
    public void Json_answer_givesItsUsage(string answer, long prompt, long completion)
    {
        for (var piece = 1; piece < 20; piece++)
        {
            var tokens = Read("application/json", answer, piece);
            Assert.Equal((prompt, completion, 0), (tokens.PromptTokens, tokens.CompletionTokens, tokens.FirstTokenAt));
        }
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"a\"}}]}\n\ndata: {\"choices\":[{\"delta\":{\"content\":\"b\"}}]}\n\ndata: [DONE]\n\n", 0, 2)]
    [InlineData("data: {\"choices\":[{\"text\":\"a\"}]}\r\n\r\n: ping\r\n\r\ndata: {\"choices\":[{\"text\":\"\",\"finish_reason\":\"stop\"}]}\r\n\r\n", 0, 1)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"content\":\"a\"}}],\"usage\":null}\n\ndata: {\"choices\":[],\"usage\":" + Usage + "}\n\ndata: [DONE]\n\n", 11, 7)]
    [InlineData("data: {\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}\n\ndata: {\"choices\":[{\"delta\":{\"reasoning_content\":\"hm\"}}]}\n\n", 0, 2)]
    [InlineData("data: {broken\n\ndata: \"text\"\n\ndata:\n\nid: 3\n\ndata: {\"choices\":[{\"text\":\"a\"}]}\n\n", 0, 1)]
    public void Stream_givesUsageOrElseItsPiecesWithContent(string answer, long prompt, long completion)
    {
        for (var piece = 1; piece < 20; piece++)
        {
            var tokens = Read("text/event-stream", answer, piece);
            Assert.Equal((prompt, completion), (tokens.PromptTokens, tokens.CompletionTokens));
            Assert.NotEqual(0, tokens.FirstTokenAt);
        }
    }

    [Fact]
    public void Stream_withALineBeyondTheBound_goesOnBehindIt()
    {
        var tokens = Read("text/event-stream", $"data: {{\"choices\":[{{\"text\":\"{new string('x', 200_000)}\"}}]}}\n\ndata: {{\"usage\":{Usage}}}\n\n", 4_096);
        Assert.Equal((11, 7), (tokens.PromptTokens, tokens.CompletionTokens));
    }

    [Theory]
    [InlineData("text/plain", null, 200)]
    [InlineData("application/json", "gzip", 200)]
    [InlineData("application/json", null, 500)]
    public void Answer_thatCannotBeRead_isLeftAlone(string type, string? encoding, int status)
    {
        using var answer = Answer(type, status);
        if (encoding is not null)
        {
            answer.Content.Headers.ContentEncoding.Add(encoding);
        }

        Assert.Null(TokenReader.For(answer, TimeProvider.System));
    }

    private static TokenReader Read(string type, string answer, int piece)
    {
        using var message = Answer(type, 200);
        var tokens = TokenReader.For(message, new FakeTimeProvider())!;
        foreach (var part in Encoding.UTF8.GetBytes(answer).Chunk(piece))
        {
            tokens.Read(part);
        }

        return tokens;
    }

    private static HttpResponseMessage Answer(string type, int status) =>
        new((System.Net.HttpStatusCode)status) { Content = new ByteArrayContent([]) { Headers = { ContentType = new MediaTypeHeaderValue(type) } } };
}
