using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Serving.Http;
using ModelFlow.Serving.Repository;

namespace ModelFlow.Serving;

/// <summary>Puts the model server together.</summary>
public static class ServingApp
{
    /// <summary>Builds the server from command line, environment and settings files; it is not started.</summary>
    /// <param name="args">Configuration in the form <c>--Serving:Port=9000</c>.</param>
    public static WebApplication Build(string[] args)
    {
        // The program's own folder, not the caller's, holds settings files: what lies in some working directory must not change the server.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        builder.Logging.ClearProviders().AddSimpleConsole(c =>
        {
            c.SingleLine = true;
            c.TimestampFormat = "HH:mm:ss.fff ";
            c.UseUtcTimestamp = true;
        });
        builder.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(c => c.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("System.Net.Http", LogLevel.Warning);

        var services = builder.Services;
        services.AddOptions<ServingOptions>().BindConfiguration(ServingOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ServingOptions>, ServingOptionsValidator>();
        services.AddOptions<KestrelServerOptions>().Configure<IOptions<ServingOptions>>(Listen);
        services.Configure<HostOptions>(h => h.ShutdownTimeout = TimeSpan.FromSeconds(15));
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(CreateHttpClient());
        services.AddSingleton(p => new FileDownload(p.GetRequiredService<HttpClient>(), p.GetRequiredService<IOptions<ServingOptions>>().Value, p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<DataDirectory>();
        services.AddSingleton<ServingMetrics>();
        services.AddSingleton<ModelCache>();
        services.AddSingleton<LoadedIndex>();
        services.AddSingleton<ModelRepository>();
        services.AddSingleton<ModelFiles>();
        services.AddSingleton<ModelPreparation>();
        services.AddSingleton<ReloadAtStart>();
        services.AddHostedService(p => p.GetRequiredService<ReloadAtStart>());
        services.AddSingleton<InferenceEndpoint>();
        services.AddSingleton<ModelEndpoints>();
        services.AddSingleton<RepositoryEndpoints>();
        services.AddSingleton<TextEndpoints>();

        var app = builder.Build();
        app.Use(next => context => AnswerErrorsAsync(context, next, app.Logger));
        app.UseRouting();
        Map(app);
        return app;
    }

    private static void Listen(KestrelServerOptions kestrel, IOptions<ServingOptions> options)
    {
        var serving = options.Value;
        kestrel.AddServerHeader = false;
        kestrel.Limits.MaxRequestBodySize = serving.MaxRequestBytes;
        kestrel.Listen(serving.ListenAddress, serving.Port);

        // A run holds its thread. Enough threads for every version to compute at once keep health checks answered.
        ThreadPool.GetMinThreads(out var workers, out var io);
        var concurrency = serving.Concurrency > 0 ? serving.Concurrency : Environment.ProcessorCount;
        ThreadPool.SetMinThreads(Math.Max(workers, Math.Min(256, 8 + (serving.MaxVersions * concurrency))), io);
    }

    private static HttpClient CreateHttpClient() => new(new SocketsHttpHandler
    {
        // A grant names one place; a redirect would lead elsewhere.
        AllowAutoRedirect = false,
        Proxy = new ProxyForOthers(HttpClient.DefaultProxy),
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        Timeout = Timeout.InfiniteTimeSpan,
    };

    private static void Map(WebApplication app)
    {
        var models = app.Services.GetRequiredService<ModelEndpoints>();
        var inference = app.Services.GetRequiredService<InferenceEndpoint>();
        var repository = app.Services.GetRequiredService<RepositoryEndpoints>();
        var text = app.Services.GetRequiredService<TextEndpoints>();

        app.MapGet("/v2", ModelEndpoints.ServerAsync);
        app.MapGet("/v2/health/live", ModelEndpoints.LiveAsync);
        app.MapGet("/v2/health/ready", models.ReadyAsync);
        app.MapGet("/v2/models/{model}/versions/{version}", models.MetadataAsync);
        app.MapGet("/v2/models/{model}/versions/{version}/ready", models.ModelReadyAsync);
        app.MapPost("/v2/models/{model}/versions/{version}/infer", inference.InferAsync);
        app.MapGet("/v2/models/{model}", ModelEndpoints.NoVersionAsync);
        app.MapGet("/v2/models/{model}/ready", ModelEndpoints.NoVersionAsync);
        app.MapPost("/v2/models/{model}/infer", ModelEndpoints.NoVersionAsync);
        app.MapGet("/v1/models", text.ModelsAsync);
        app.MapPost("/v1/completions", text.ForwardAsync);
        app.MapPost("/v1/chat/completions", text.ForwardAsync);
        app.MapPost("/v1/embeddings", text.ForwardAsync);
        app.MapPost("/v2/repository/index", repository.Guarded(repository.IndexAsync));
        app.MapPost("/v2/repository/models/{model}/versions/{version}/load", repository.Guarded(repository.LoadAsync));
        app.MapPost("/v2/repository/models/{model}/versions/{version}/unload", repository.Guarded(repository.UnloadAsync));
        app.MapPost("/v2/repository/models/{model}/load", repository.Guarded(ModelEndpoints.NoVersionAsync));
        app.MapPost("/v2/repository/models/{model}/unload", repository.Guarded(ModelEndpoints.NoVersionAsync));
    }

    private static async Task AnswerErrorsAsync(HttpContext context, RequestDelegate next, ILogger logger)
    {
        try
        {
            await next(context);
            if (context.Response.HasStarted)
            {
                return;
            }

            if (context.Response.StatusCode == StatusCodes.Status405MethodNotAllowed)
            {
                await context.ErrorAsync(StatusCodes.Status405MethodNotAllowed, $"{context.Request.Method} does not go with {context.Request.Path}; use {context.Response.Headers.Allow}.", "method");
            }
            else if (context.GetEndpoint() is null)
            {
                await context.ErrorAsync(StatusCodes.Status404NotFound, $"The server has no {context.Request.Path}; see the Open Inference Protocol V2.", "not-found");
            }
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody listens any more. The status is for the log and the metrics only.
            context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
        }
        catch (Microsoft.AspNetCore.Http.BadHttpRequestException e) when (!context.Response.HasStarted)
        {
            await context.ErrorAsync(e.StatusCode, e.Message, field: "body");
        }
        catch (OperationCanceledException) when (!context.Response.HasStarted)
        {
            await context.ErrorAsync(StatusCodes.Status503ServiceUnavailable, "The server is stopping.", "stopping");
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            Log.RequestFailed(logger, context.Request.Method, context.Request.Path, e);
            await context.ErrorAsync(StatusCodes.Status500InternalServerError, "The server failed; its log has the reason.", "server");
        }
    }
}
