using Microsoft.Extensions.Options;
using Microsoft.ML.OnnxRuntime;
using ModelFlow.Serving.Repository;
using ModelFlow.Serving.Tensors;

namespace ModelFlow.Serving.Http;

/// <summary>
/// <c>POST /v2/models/{model}/versions/{version}/infer</c>. Answers 200; 400 for a request that does not fit the model;
/// 404 for a version that is not loaded; 413; 500 where the model itself fails or answers NaN or infinity
/// (<c>reason</c> <c>non-finite</c>: JSON has no such number, and such an answer is the model's fault and has to count
/// against it); 503 with <c>Retry-After</c> where too many requests wait or the version is being unloaded.
/// </summary>
internal sealed class InferenceEndpoint(ModelRepository repository, IOptions<ServingOptions> options, ServingMetrics metrics, TimeProvider time, ILogger<InferenceEndpoint> logger)
{
    private readonly ServingOptions _options = options.Value;

    public async Task InferAsync(HttpContext context)
    {
        var began = time.GetTimestamp();
        var (model, version) = ((string)context.Request.RouteValues["model"]!, (string)context.Request.RouteValues["version"]!);
        if (repository.Find(model, version) is not { } loaded || !loaded.TryEnter())
        {
            await ModelEndpoints.NotLoadedAsync(context, model, version);
            return;
        }

        if (loaded.Onnx is not { } onnx)
        {
            loaded.Exit();
            await context.ErrorAsync(StatusCodes.Status400BadRequest, $"{model} {version} is a language model: ask at /v1/completions or /v1/chat/completions, with the model '{model}/{version}'.", "language-model");
            return;
        }

        var inside = true;
        context.Response.Headers[Answers.VersionHeader] = version;
        try
        {
            if (!loaded.Turns.TryAdmit())
            {
                metrics.Rejected(model, version);
                await BusyAsync(context, $"Too many requests wait for {model} {version}.", "busy");
                return;
            }

            PooledBuffer answer;
            try
            {
                answer = await ComputeAsync(context, loaded, onnx);
            }
            finally
            {
                loaded.Turns.Leave();
            }

            // An unload need not wait for a slow reader: what is sent from here on is not the model's memory.
            loaded.Exit();
            inside = false;
            using (answer)
            {
                await context.Response.SendJsonAsync(answer.WrittenMemory, context.RequestAborted);
            }
        }
        catch (RequestException e)
        {
            await context.ErrorAsync(e.Error);
        }
        catch (Exception e) when (e is NonFiniteException or NotTextException)
        {
            await FailedAsync(context, model, version, e.Message, e is NonFiniteException ? "non-finite" : "not-text");
        }
        catch (BufferFullException)
        {
            await FailedAsync(context, model, version, $"The answer is larger than {_options.MaxResponseBytes} bytes (Serving:MaxResponseBytes): send fewer rows.", "too-large");
        }
        catch (OnnxRuntimeException e)
        {
            await RunFailedAsync(context, model, version, e);
        }
        catch (OperationCanceledException) when (loaded.Ended.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            await BusyAsync(context, $"{model} {version} was unloaded while it computed.", "unloaded");
        }
        finally
        {
            if (inside)
            {
                loaded.Exit();
            }

            var took = time.GetElapsedTime(began);
            metrics.Answered(model, version, context.Response.StatusCode, took);
            Log.Answered(logger, model, version, context.Response.StatusCode, took.TotalMilliseconds);
        }
    }

    private async Task<PooledBuffer> ComputeAsync(HttpContext context, LoadedVersion loaded, OnnxModel onnx)
    {
        // The body is read before the turn is taken: a slow sender keeps a place in the queue, not a processor.
        using var body = await RequestBody.ReadAsync(context, _options.MaxRequestBytes, context.RequestAborted);
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, loaded.Ended);
        await loaded.Turns.BeginAsync(cancel.Token);
        try
        {
            return Compute(loaded, onnx, body, cancel.Token);
        }
        finally
        {
            loaded.Turns.End();
        }
    }

    private PooledBuffer Compute(LoadedVersion loaded, OnnxModel onnx, PooledBuffer body, CancellationToken cancellationToken)
    {
        using var request = InferenceRequestReader.Read(body.WrittenSpan, onnx.Inputs, onnx.Outputs);
        var began = time.GetTimestamp();
        using var results = onnx.Run(request, cancellationToken);
        metrics.Ran(loaded.Model.Value, loaded.Version.Value, time.GetElapsedTime(began));
        var answer = new PooledBuffer(4_096, _options.MaxResponseBytes);
        try
        {
            InferenceAnswer.Write(answer, loaded.Model.Value, loaded.Version.Value, request, onnx.Outputs, results);
            return answer;
        }
        catch
        {
            answer.Dispose();
            throw;
        }
    }

    private Task RunFailedAsync(HttpContext context, string model, string version, OnnxRuntimeException e)
    {
        // The runtime says so where the values or shapes of the inputs are what it cannot work with: an index out of
        // range, sizes that do not go together. Everything else is the model's or the server's failure.
        const string InvalidArgument = "[ErrorCode:InvalidArgument]";
        return e.Message.StartsWith(InvalidArgument, StringComparison.Ordinal)
            ? context.ErrorAsync(new Core.FieldError("inputs", "the model cannot take these values or shapes:" + e.Message[InvalidArgument.Length..]))
            : FailedAsync(context, model, version, "The model failed: " + e.Message, "run");
    }

    private Task FailedAsync(HttpContext context, string model, string version, string message, string reason)
    {
        Log.InferenceFailed(logger, model, version, message);
        return context.ErrorAsync(StatusCodes.Status500InternalServerError, message, reason);
    }

    private static Task BusyAsync(HttpContext context, string message, string reason)
    {
        context.Response.Headers.RetryAfter = "1";
        return context.ErrorAsync(StatusCodes.Status503ServiceUnavailable, message, reason);
    }
}
