using System.Text;
using ModelFlow.TextEngine.Model;

namespace ModelFlow.TextEngine.Http;

/// <summary>
/// <c>POST /v1/completions</c> and <c>/v1/chat/completions</c>. Answers 400 for what it cannot do, 404 for another model, 413,
/// 500 where the model itself fails (NaN: nothing of it may look like an answer), 503 with <c>Retry-After</c> where too many wait.
/// </summary>
internal sealed class CompletionEndpoint(LanguageModel model, EngineOptions options, TimeProvider time, ILogger<CompletionEndpoint> logger)
{
    private const int DefaultTokens = 16;

    private int _admitted;

    public async Task HandleAsync(HttpContext context, bool chat)
    {
        if (Interlocked.Increment(ref _admitted) > options.Parallel + options.Queue)
        {
            Interlocked.Decrement(ref _admitted);
            context.Response.Headers.RetryAfter = "1";
            await OpenAiErrors.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, $"{options.Parallel + options.Queue} requests compute or wait, the most this engine takes.", "overloaded");
            return;
        }

        try
        {
            await AnswerAsync(context, chat);
        }
        catch (ModelFailedException e)
        {
            Log.Failed(logger, e.Message);
            if (!context.Response.HasStarted)
            {
                await OpenAiErrors.WriteAsync(context, StatusCodes.Status500InternalServerError, e.Message, "model_failed");
                return;
            }

            // A stream that just ended would look whole: the client is told, and the connection breaks.
            await SendAsync(context, OpenAiErrors.Json(StatusCodes.Status500InternalServerError, e.Message, "model_failed", null));
            context.Abort();
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more.
        }
        finally
        {
            Interlocked.Decrement(ref _admitted);
        }
    }

    private async Task AnswerAsync(HttpContext context, bool chat)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body, context.RequestAborted);
        if (EngineRequest.Read(body.GetBuffer().AsMemory(0, (int)body.Length), chat, out var mistake) is not { } request)
        {
            await OpenAiErrors.WriteAsync(context, StatusCodes.Status400BadRequest, $"'{mistake.Field}' {mistake.Message}", "invalid_value", mistake.Field);
            return;
        }

        if (request.Model is { } asked && !string.Equals(asked, model.Name, StringComparison.Ordinal))
        {
            await OpenAiErrors.WriteAsync(context, StatusCodes.Status404NotFound, $"The model '{asked}' is not here; this engine has '{model.Name}'.", "model_not_found", "model");
            return;
        }

        var text = request.Prompt ?? model.ApplyTemplate(request.Messages ?? []);
        if (text is null)
        {
            await OpenAiErrors.WriteAsync(
                context, StatusCodes.Status400BadRequest, "The model's file has no chat template that llama.cpp knows, so it cannot be told how a conversation is written; use /v1/completions.", "no_chat_template", "messages");
            return;
        }

        var prompt = model.Tokenize(text, special: chat);
        if (prompt.Length == 0 || prompt.Length > model.Context || (prompt.Length == model.Context && request.MaxTokens is not 0))
        {
            await OpenAiErrors.WriteAsync(
                context,
                StatusCodes.Status400BadRequest,
                prompt.Length == 0 ? "The prompt is empty." : $"The prompt has {prompt.Length} tokens; prompt and answer together have at most {model.Context}.",
                prompt.Length == 0 ? "invalid_value" : "context_length_exceeded",
                chat ? "messages" : "prompt");
            return;
        }

        var room = model.Context - prompt.Length;
        var task = new CompletionTask
        {
            Prompt = prompt,
            MaxTokens = Math.Min(room, request.MaxTokens ?? (chat ? room : DefaultTokens)),
            Temperature = request.Temperature,
            TopP = request.TopP,
            Seed = request.Seed,
            Stop = request.Stop,
            Scores = request.Scores,
        };
        using var turn = await model.BeginAsync(context.RequestAborted);
        var writer = new AnswerWriter(model, request, chat, time.GetUtcNow().ToUnixTimeSeconds());
        if (request.Stream)
        {
            await StreamAsync(context, request, task, turn, writer);
        }
        else
        {
            await WholeAsync(context, request, task, turn, writer, text);
        }
    }

    private async Task WholeAsync(HttpContext context, EngineRequest request, CompletionTask task, ModelTurn turn, AnswerWriter writer, string prompt)
    {
        var scores = new List<TokenScore>();
        if (request is { Echo: true, Scores: { } top })
        {
            // A token that only marks the beginning stands for no text, and is not repeated.
            scores.AddRange(Completion.ScorePrompt(turn, task.Prompt, top, context.RequestAborted).Skip(model.AddsBeginning ? 1 : 0));
        }
        else
        {
            turn.Read(task.Prompt, null, context.RequestAborted);
        }

        var text = new StringBuilder(request.Echo ? prompt : "");
        var (finish, tokens) = ("", 0);
        foreach (var piece in Completion.Run(model, turn, task, context.RequestAborted))
        {
            text.Append(piece.Text);
            tokens += piece.Tokens.Count;
            scores.AddRange(piece.Tokens);
            finish = piece.Finish ?? finish;
        }

        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(writer.Whole(text.ToString(), scores, finish, task.Prompt.Length, tokens), context.RequestAborted);
    }

    private async Task StreamAsync(HttpContext context, EngineRequest request, CompletionTask task, ModelTurn turn, AnswerWriter writer)
    {
        turn.Read(task.Prompt, null, context.RequestAborted);
        context.Response.ContentType = "text/event-stream";
        context.Response.Headers.CacheControl = "no-cache";
        var (first, tokens) = (true, 0);
        foreach (var piece in Completion.Run(model, turn, task, context.RequestAborted))
        {
            tokens += piece.Tokens.Count;
            await SendAsync(context, writer.Chunk(piece, first));
            first = false;
        }

        if (request.IncludeUsage)
        {
            await SendAsync(context, writer.UsageChunk(task.Prompt.Length, tokens));
        }

        await SendAsync(context, "[DONE]"u8.ToArray());
    }

    private static async Task SendAsync(HttpContext context, byte[] data)
    {
        var body = context.Response.Body;
        await body.WriteAsync("data: "u8.ToArray(), context.RequestAborted);
        await body.WriteAsync(data, context.RequestAborted);
        await body.WriteAsync("\n\n"u8.ToArray(), context.RequestAborted);
        await body.FlushAsync(context.RequestAborted);
    }
}
