using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace ModelFlow.Cli.Tests.Support;

/// <summary>A host that answers what a test tells it to, over real HTTP, and remembers what it was asked.</summary>
public sealed class FakeHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly ConcurrentDictionary<string, Func<Asked, IResult>> _answers = new(StringComparer.Ordinal);

    private FakeHost(WebApplication app) => _app = app;

    /// <summary>Its address.</summary>
    public string Address => _app.Urls.Single();

    /// <summary>Every request, in order.</summary>
    public ConcurrentQueue<Asked> Requests { get; } = [];

    public static async Task<FakeHost> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var host = new FakeHost(app);
        app.Run(host.AnswerAsync);
        await app.StartAsync();
        return host;
    }

    /// <summary>Answers <c>"GET /api/models"</c> with JSON.</summary>
    public FakeHost On(string request, string json, int status = 200) => On(request, _ => Results.Text(json, "application/json", statusCode: status));

    /// <summary>Answers with a problem document.</summary>
    public FakeHost OnProblem(string request, int status, string type, string detail, string? remedy = null, string errors = "[]") =>
        On(request, _ => Results.Text(
            $$"""{"type":"urn:modelflow:problem:{{type}}","title":"The title.","status":{{status}},"detail":"{{detail}}","remedy":{{(remedy is null ? "null" : $"\"{remedy}\"")}},"errors":{{errors}}}""",
            "application/problem+json",
            statusCode: status));

    public FakeHost On(string request, Func<Asked, IResult> answer)
    {
        _answers[request] = answer;
        return this;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        using var reader = new StreamReader(context.Request.Body);
        var body = await reader.ReadToEndAsync();
        var asked = new Asked(
            $"{context.Request.Method} {context.Request.Path}",
            context.Request.QueryString.Value ?? "",
            body,
            context.Request.Headers.Authorization.ToString(),
            context.Request.Headers["Idempotency-Key"].ToString(),
            context.Request.ContentType ?? "",
            context.Request.Query["after"].ToString());
        Requests.Enqueue(asked);
        var result = _answers.TryGetValue(asked.What, out var answer)
            ? answer(asked)
            : Results.Text($$"""{"type":"urn:modelflow:problem:not-found","title":"There is no answer.","status":404,"detail":"no answer for {{asked.What}}"}""", "application/problem+json", statusCode: 404);
        await result.ExecuteAsync(context);
    }
}

/// <summary>A request that the fake host got.</summary>
public sealed record Asked(string What, string Query, string Body, string Authorization, string IdempotencyKey, string ContentType, string After)
{
    public JsonObject Json => JsonNode.Parse(Body)!.AsObject();
}
