using System.Net.Http.Json;
using ModelFlow.EngineProcess;

namespace ModelFlow.Serving.Repository;

/// <summary>
/// A language model in an engine of its own: a process that is started, warmed up, and started again when it ends by itself. What
/// its file does to native code ends that process and nothing else.
/// </summary>
internal sealed class TextModel : IAsyncDisposable
{
    /// <summary>What metadata calls such a model's platform.</summary>
    public const string Platform = "gguf";

    private static readonly TimeSpan WarmUpLimit = TimeSpan.FromMinutes(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Steady = TimeSpan.FromMinutes(1);

    private readonly EngineCommand _command;
    private readonly EngineModel _model;
    private readonly TimeSpan _patience;
    private readonly HttpClient _http;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _ending = new();
    private readonly Task _supervision;
    private volatile EngineChild? _engine;

    private TextModel(EngineCommand command, EngineModel model, TimeSpan patience, HttpClient http, TimeProvider time, ILogger logger, EngineChild engine)
    {
        _command = command;
        _model = model;
        _patience = patience;
        _http = http;
        _time = time;
        _logger = logger;
        _engine = engine;
        _supervision = SuperviseAsync(engine);
    }

    /// <summary>What the engine calls the model in the bodies of OpenAI's API.</summary>
    public string Name => _model.Name;

    /// <summary>Where it answers; null while the engine is being started again.</summary>
    public Uri? Address => _engine?.Address;

    /// <summary>Starts an engine on a file and has it answer once.</summary>
    /// <exception cref="UnloadableModelException">The engine cannot serve the file.</exception>
    /// <exception cref="EngineMissingException">The engine itself cannot be started.</exception>
    public static async Task<TextModel> StartAsync(
        EngineCommand command, EngineModel model, TimeSpan patience, HttpClient http, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        switch (await EngineChild.StartAsync(command, model, patience, http, time, cancellationToken))
        {
            case EngineStart.Failed { ModelAtFault: true } failed:
                throw new UnloadableModelException(failed.Reason);
            case EngineStart.Failed failed:
                throw new EngineMissingException(failed.Reason);
            case EngineStart.Ready ready:
                var warm = false;
                try
                {
                    await WarmUpAsync(ready.Engine.Address, model.Name, http, cancellationToken);
                    warm = true;
                }
                finally
                {
                    if (!warm)
                    {
                        await ready.Engine.DisposeAsync();
                    }
                }

                return new TextModel(command, model, patience, http, time, logger, ready.Engine);
            default:
                throw new InvalidOperationException("Unknown outcome.");
        }
    }

    /// <summary>Ends the engine.</summary>
    public async ValueTask DisposeAsync()
    {
        await _ending.CancelAsync();
        await _supervision;
        _ending.Dispose();
    }

    private static async Task WarmUpAsync(Uri address, string name, HttpClient http, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(WarmUpLimit);
        try
        {
            using var answer = await http.PostAsJsonAsync(new Uri(address, "v1/completions"), new { model = name, prompt = "Once", max_tokens = 1 }, limit.Token);
            if (!answer.IsSuccessStatusCode)
            {
                var text = await answer.Content.ReadAsStringAsync(limit.Token);
                throw new UnloadableModelException($"its engine answered the first request with {(int)answer.StatusCode}: {(text.Length <= 500 ? text : text[..500] + "…")}");
            }
        }
        catch (HttpRequestException e)
        {
            throw new UnloadableModelException($"its engine did not answer the first request: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UnloadableModelException($"its engine did not answer the first request within {WarmUpLimit}.");
        }
    }

    private async Task SuperviseAsync(EngineChild engine)
    {
        var pause = FirstPause;
        var current = engine;
        while (true)
        {
            var began = _time.GetTimestamp();
            await Task.WhenAny(current.Exited, Task.Delay(Timeout.InfiniteTimeSpan, _time, _ending.Token));
            _engine = null;
            var ending = current.Ending;
            await current.DisposeAsync();
            if (_ending.IsCancellationRequested)
            {
                return;
            }

            Log.EngineEnded(_logger, _model.Name, ending);
            pause = _time.GetElapsedTime(began) > Steady ? FirstPause : pause;
            var next = await RestartAsync();
            while (next is null)
            {
                await Task.Delay(pause, _time, _ending.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                if (_ending.IsCancellationRequested)
                {
                    return;
                }

                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                next = await RestartAsync();
            }

            current = next;
            _engine = next;
        }
    }

    private async Task<EngineChild?> RestartAsync()
    {
        try
        {
            switch (await EngineChild.StartAsync(_command, _model, _patience, _http, _time, _ending.Token))
            {
                case EngineStart.Ready ready:
                    return ready.Engine;
                case EngineStart.Failed failed:
                    Log.EngineNotRestarted(_logger, _model.Name, failed.Reason);
                    return null;
                default:
                    return null;
            }
        }
        catch (OperationCanceledException)
        {
            return null;
        }
    }
}

/// <summary>The engine cannot be started; the model is not the reason.</summary>
internal sealed class EngineMissingException(string message) : Exception(message);
