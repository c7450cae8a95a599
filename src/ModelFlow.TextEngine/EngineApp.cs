using System.Text.Json;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.TextEngine.Http;
using ModelFlow.TextEngine.Model;

namespace ModelFlow.TextEngine;

/// <summary>Puts the engine together: one model behind OpenAI's API.</summary>
internal static class EngineApp
{
    /// <summary>Builds it from the command line; it is not started, and the model is not loaded.</summary>
    public static WebApplication Build(string[] args)
    {
        // Neither settings files nor the environment of whoever starts it change the engine.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddCommandLine(args);
        builder.Logging.ClearProviders().AddSimpleConsole(c => c.SingleLine = true);
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(c => c.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);

        var services = builder.Services;
        services.AddOptions<EngineOptions>().Bind(builder.Configuration, b => b.ErrorOnUnknownConfiguration = true);
        services.AddSingleton<IValidateOptions<EngineOptions>, EngineOptionsValidator>();
        services.AddSingleton(p => p.GetRequiredService<IOptions<EngineOptions>>().Value);
        services.AddOptions<KestrelServerOptions>().Configure<EngineOptions>(Listen);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(p => LanguageModel.Load(p.GetRequiredService<EngineOptions>()));
        services.AddSingleton<CompletionEndpoint>();

        var app = builder.Build();
        Map(app);
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, EngineOptions options)
    {
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = options.MaxRequestBytes;
        kestrel.Listen(options.ListenAddress, options.Port);

        // An answer holds its thread while it computes. Enough threads keep health checks answered.
        ThreadPool.GetMinThreads(out var workers, out var io);
        ThreadPool.SetMinThreads(Math.Max(workers, 8 + options.Parallel), io);
    }

    private static void Map(WebApplication app)
    {
        app.Use(AnswerErrorsAsync);
        app.UseRouting();
        app.MapGet("/health", (HttpContext context) => WriteAsync(context, w => w.WriteString("status"u8, "ok"u8)));
        app.MapGet("/v1/models", (HttpContext context, LanguageModel model) => WriteAsync(context, writer =>
        {
            writer.WriteString("object"u8, "list"u8);
            writer.WriteStartArray("data"u8);
            writer.WriteStartObject();
            writer.WriteString("id"u8, model.Name);
            writer.WriteString("object"u8, "model"u8);
            writer.WriteNumber("created"u8, 0);
            writer.WriteString("owned_by"u8, "modelflow"u8);
            writer.WriteNumber("max_model_len"u8, model.Context);
            writer.WriteEndObject();
            writer.WriteEndArray();
        }));
        app.MapPost("/v1/completions", (HttpContext context, CompletionEndpoint endpoint) => endpoint.HandleAsync(context, chat: false));
        app.MapPost("/v1/chat/completions", (HttpContext context, CompletionEndpoint endpoint) => endpoint.HandleAsync(context, chat: true));
    }

    private static async Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> write)
    {
        using var bytes = new MemoryStream();
        await using (var writer = new Utf8JsonWriter(bytes))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }

        context.Response.ContentType = "application/json";
        await context.Response.Body.WriteAsync(bytes.ToArray(), context.RequestAborted);
    }

    private static async Task AnswerErrorsAsync(HttpContext context, RequestDelegate next)
    {
        try
        {
            await next(context);
            if (!context.Response.HasStarted && context.Response.StatusCode is StatusCodes.Status404NotFound or StatusCodes.Status405MethodNotAllowed && context.GetEndpoint() is null or { DisplayName: "405 HTTP Method Not Supported" })
            {
                await OpenAiErrors.WriteAsync(context, context.Response.StatusCode, $"This engine has no {context.Request.Method} {context.Request.Path}.", "not_found");
            }
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await OpenAiErrors.WriteAsync(context, e.StatusCode, e.Message, "invalid_request", "body");
        }
    }
}
