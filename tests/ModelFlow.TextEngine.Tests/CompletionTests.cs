using System.Text.Json.Nodes;

namespace ModelFlow.TextEngine.Tests;

/// <summary>A real model over OpenAI's API.</summary>
public sealed class CompletionTests(RunningEngine engine) : IClassFixture<RunningEngine>
{
    private const string Prompt = "It was a very fine morning, and";

    [Fact]
    public async Task Echo_withLogprobs_givesThePerplexityTheModelWasTrainedTo()
    {
        double nats = 0;
        var tokens = 0;
        foreach (var line in File.ReadLines(Path.Combine(RunningEngine.Samples, "eval.jsonl")).Take(60))
        {
            var (status, body) = await engine.AskAsync(new { prompt = (string)JsonNode.Parse(line)!["text"]!, max_tokens = 0, echo = true, logprobs = 0 });
            Assert.Equal(200, status);
            var values = body["choices"]![0]!["logprobs"]!["token_logprobs"]!.AsArray();
            Assert.Null(values[0]);
            nats -= values.Skip(1).Sum(v => (double)v!);
            tokens += values.Count - 1;
        }

        Assert.Equal(23.435, Math.Exp(nats / tokens), 0.05);
    }

    [Fact]
    public async Task Greedy_streamAndWhole_areTheSameText()
    {
        var (status, whole) = await engine.AskAsync(new { prompt = Prompt, max_tokens = 20, temperature = 0 });
        Assert.Equal(200, status);
        var events = await engine.StreamAsync(new { prompt = Prompt, max_tokens = 20, temperature = 0, stream = true, stream_options = new { include_usage = true } });

        Assert.Equal("[DONE]", events[^1]);
        var pieces = events.SkipLast(1).Select(e => JsonNode.Parse(e)!).ToList();
        Assert.Equal((string)whole["choices"]![0]!["text"]!, string.Concat(pieces.SkipLast(1).Select(p => (string)p["choices"]![0]!["text"]!)));
        Assert.Equal("length", (string)pieces[^2]["choices"]![0]!["finish_reason"]!);
        Assert.Equal(20, (int)pieces[^1]["usage"]!["completion_tokens"]!);
        Assert.Equal((int)whole["usage"]!["prompt_tokens"]!, (int)pieces[^1]["usage"]!["prompt_tokens"]!);
    }

    [Fact]
    public async Task Seed_sameSeed_sameText_otherSeed_other()
    {
        var texts = new List<string>();
        foreach (var seed in new[] { 1, 1, 2 })
        {
            var (_, body) = await engine.AskAsync(new { prompt = Prompt, max_tokens = 30, temperature = 1, seed });
            texts.Add((string)body["choices"]![0]!["text"]!);
        }

        Assert.Equal(texts[0], texts[1]);
        Assert.NotEqual(texts[0], texts[2]);
    }

    [Fact]
    public async Task Stop_endsBeforeTheWords()
    {
        var (_, free) = await engine.AskAsync(new { prompt = Prompt, max_tokens = 20, temperature = 0 });
        var text = (string)free["choices"]![0]!["text"]!;
        var stop = text[(text.Length / 2)..((text.Length / 2) + 4)];
        var (_, stopped) = await engine.AskAsync(new { prompt = Prompt, max_tokens = 20, temperature = 0, stop });
        Assert.Equal(text[..text.IndexOf(stop, StringComparison.Ordinal)], (string)stopped["choices"]![0]!["text"]!);
        Assert.Equal("stop", (string)stopped["choices"]![0]!["finish_reason"]!);
    }

    [Fact]
    public async Task Logprobs_topTokens_areSortedAndHoldTheGreedyOne()
    {
        var (_, body) = await engine.AskAsync(new { prompt = Prompt, max_tokens = 5, temperature = 0, logprobs = 3 });
        var logprobs = body["choices"]![0]!["logprobs"]!;
        Assert.Equal(5, logprobs["tokens"]!.AsArray().Count);
        for (var i = 0; i < 5; i++)
        {
            var top = logprobs["top_logprobs"]![i]!.AsObject().Select(p => (double)p.Value!).ToList();
            Assert.Equal(3, top.Count);
            Assert.Equal(top.OrderDescending(), top);
            Assert.Equal(top[0], (double)logprobs["token_logprobs"]![i]!, 1e-9);
        }
    }

    [Theory]
    [InlineData("""{ "prompt": "a", "n": 2 }""", 400, "n")]
    [InlineData("""{ "prompt": ["a", "b"] }""", 400, "prompt")]
    [InlineData("""{ "max_tokens": 5 }""", 400, "prompt")]
    [InlineData("""{ "prompt": "a", "temperature": -1 }""", 400, "temperature")]
    [InlineData("""{ "prompt": "a", "logprobs": 1000 }""", 400, "logprobs")]
    [InlineData("""{ "prompt": "a", "stop": ["", "b"] }""", 400, "stop")]
    [InlineData("""{ "prompt": "a", "tools": [{}] }""", 400, "tools")]
    [InlineData("""{ "prompt": "", "max_tokens": 1 }""", 400, "prompt")]
    [InlineData("""{ "prompt": "a", "model": "other" }""", 404, "model")]
    [InlineData("[1]", 400, "body")]
    public async Task Request_wrong_isRefusedWithItsField(string body, int expected, string field)
    {
        var (status, answer) = await engine.AskAsync(JsonNode.Parse(body)!);
        Assert.Equal(expected, status);
        Assert.Equal(field, (string?)answer["error"]!["param"]);
        Assert.Equal("invalid_request_error", (string?)answer["error"]!["type"]);
    }

    [Fact]
    public async Task Prompt_longerThanTheContext_isRefusedWithBothNumbers()
    {
        var (status, answer) = await engine.AskAsync(new { prompt = string.Concat(Enumerable.Repeat("very fine ", 500)) });
        Assert.Equal(400, status);
        Assert.Equal("context_length_exceeded", (string?)answer["error"]!["code"]);
        Assert.Contains("256", (string?)answer["error"]!["message"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answer_moreThanTheContext_endsWithLength()
    {
        var (status, answer) = await engine.AskAsync(new { prompt = Prompt, max_tokens = 5_000, seed = 3 });
        Assert.Equal(200, status);
        Assert.Equal("length", (string?)answer["choices"]![0]!["finish_reason"]);
        Assert.Equal(256, (int)answer["usage"]!["total_tokens"]!);
    }

    [Fact]
    public async Task Chat_modelWithoutTemplate_isRefusedWithTheRemedy()
    {
        var (status, answer) = await engine.AskAsync(new { messages = new[] { new { role = "user", content = "hello" } } }, "v1/chat/completions");
        Assert.Equal(400, status);
        Assert.Equal("no_chat_template", (string?)answer["error"]!["code"]);
    }
}
