using System.Net;
using System.Text;
using ModelFlow.Evaluator.Text;

namespace ModelFlow.Evaluator.Tests.Text;

/// <summary>Engines that answer otherwise than they should: an error that says how, never a number.</summary>
public sealed class EngineClientTests
{
    private const string Usage = "\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1}";

    public static TheoryData<string, string> Answers => new()
    {
        { "not json", "no JSON" },
        { "[]", "no choices" },
        { "{}", "no choices" },
        { "{\"choices\":[]," + Usage + "}", "no choices" },
        { "{\"choices\":[{\"text\":\"a\",\"logprobs\":null}]," + Usage + "}", "llama-server does not" },
        { "{\"choices\":[{\"text\":\"a\",\"logprobs\":{\"token_logprobs\":[-0.5]}}]," + Usage + "}", "llama-server does not" },
        { "{\"choices\":[{\"logprobs\":{\"token_logprobs\":[null,-1,-2,-3]}}]}", "usage" },
        { "{\"choices\":[{\"logprobs\":{\"token_logprobs\":[null,-1,\"x\",-3]}}]," + Usage + "}", "log-probability of token 3" },
        { "{\"choices\":[{\"logprobs\":{\"token_logprobs\":[null,-1,0.5,-3]}}]," + Usage + "}", "log-probability of token 3" },
        { "{\"choices\":[{\"logprobs\":{\"token_logprobs\":[null,-1,null,-3]}}]," + Usage + "}", "log-probability of token 3" },
        { "{\"choices\":[{\"logprobs\":{\"token_logprobs\":[null,-1,1e999,-3]}}]," + Usage + "}", "" },
    };

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task Score_answerThatCannotBeUsed_saysWhy(string answer, string reason)
    {
        using var client = await ConnectAsync(answer);
        var e = await Assert.ThrowsAsync<EngineException>(() => client.ScoreAsync("three tokens here"));
        Assert.Contains(reason, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Score_wholeAnswer_sumsThePromptAlone()
    {
        using var client = await ConnectAsync("{\"choices\":[{\"logprobs\":{\"token_logprobs\":[null,-1.5,-2.5,-99]}}]," + Usage + "}");
        Assert.Equal((2, 4.0), await client.ScoreAsync("three tokens here"));
    }

    [Fact]
    public async Task Score_refusal_givesTheEnginesReason()
    {
        using var client = await ConnectAsync("{\"error\":{\"message\":\"too long\"}}", HttpStatusCode.BadRequest);
        Assert.Contains("400 to v1/completions: too long", (await Assert.ThrowsAsync<EngineException>(() => client.ScoreAsync("a"))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"text\":\"a\"}]}\n\n", "broke its answer off")]
    [InlineData("data: nonsense\n\n", "no JSON")]
    [InlineData("data: [1]\n\ndata: [DONE]\n\n", "no JSON object")]
    [InlineData("data: {\"error\":{\"message\":\"out of memory\"}}\n\n", "out of memory")]
    public async Task Generate_brokenStream_saysSo(string stream, string reason)
    {
        using var client = await ConnectAsync(stream);
        Assert.Contains(reason, (await Assert.ThrowsAsync<EngineException>(() => client.GenerateAsync("a", 4))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Generate_wholeStream_countsUsageBeforePieces()
    {
        using var client = await ConnectAsync("data: {\"choices\":[{\"text\":\"a\"}]}\n\ndata: {\"choices\":[{\"text\":\"bc\"}]}\n\ndata: {\"choices\":[],\"usage\":{\"completion_tokens\":3}}\n\ndata: [DONE]\n\n");
        var answer = await client.GenerateAsync("a", 4);
        Assert.Equal(("abc", 3), (answer.Text, answer.Tokens));
        Assert.NotNull(answer.First);
    }

    [Fact]
    public async Task Connect_noModels_isRefused() =>
        await Assert.ThrowsAsync<EngineException>(() => EngineClient.ConnectAsync(Http("{\"data\":[]}", "", HttpStatusCode.OK), new Uri("http://engine.test/")));

    private static Task<EngineClient> ConnectAsync(string answer, HttpStatusCode status = HttpStatusCode.OK) =>
        EngineClient.ConnectAsync(Http("{\"data\":[{\"id\":\"m\"}]}", answer, status), new Uri("http://engine.test"));

    private static HttpClient Http(string models, string answer, HttpStatusCode status) => new(new Scripted(models, answer, status));

    private sealed class Scripted(string models, string answer, HttpStatusCode status) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(request.Method == HttpMethod.Get
                ? new HttpResponseMessage { Content = new StringContent(models, Encoding.UTF8, "application/json") }
                : new HttpResponseMessage(status) { Content = new StringContent(answer, Encoding.UTF8, "application/json") });
    }
}
