using ModelFlow.Core.Naming;

namespace ModelFlow.Serving.Repository;

/// <summary>A version that answers requests. Its native memory is freed only after the last request has left.</summary>
internal sealed class LoadedVersion(ModelName model, VersionName version, OpenedModel opened, FileSet files, ModelCache.Lease lease, Turns turns) : IAsyncDisposable
{
    private const int Closing = int.MinValue;

    private readonly TaskCompletionSource _empty = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly CancellationTokenSource _ended = new();
    private int _requests;

    public ModelName Model => model;

    public VersionName Version => version;

    /// <summary>The model in the native runtime; null for a language model.</summary>
    public OnnxModel? Onnx => opened.Onnx;

    /// <summary>The language model in its engine; null for any other.</summary>
    public TextModel? Text => opened.Text;

    /// <summary>Whether it can answer now: an engine may just be starting again.</summary>
    public bool IsReady => opened.Text is not { Address: null };

    public FileSet Files => files;

    public Turns Turns => turns;

    /// <summary>How long the load took, download included.</summary>
    public required TimeSpan LoadTime { get; init; }

    /// <summary>When it was loaded.</summary>
    public required DateTimeOffset LoadedAt { get; init; }

    /// <summary>By how much the process's memory grew while the runtime prepared the model, in bytes; other work at that time is in it. 0 where unknown.</summary>
    public required long MemoryBytes { get; init; }

    /// <summary>Cancelled when an unload has waited long enough: runs in flight end.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Enters a request; false once an unload has begun. Each true needs one <see cref="Exit"/>.</summary>
    public bool TryEnter()
    {
        if (Interlocked.Increment(ref _requests) > 0)
        {
            return true;
        }

        Exit();
        return false;
    }

    public void Exit()
    {
        if (Interlocked.Decrement(ref _requests) == Closing)
        {
            _empty.TrySetResult();
        }
    }

    /// <summary>Lets no new request in, waits for those inside, ends their runs after <paramref name="patience"/>, and frees the model.</summary>
    public async Task CloseAsync(TimeSpan patience, TimeProvider time)
    {
        if (Interlocked.Add(ref _requests, Closing) == Closing)
        {
            _empty.TrySetResult();
        }

        try
        {
            await _empty.Task.WaitAsync(patience, time);
        }
        catch (TimeoutException)
        {
            await _ended.CancelAsync();
            await _empty.Task;
        }

        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await opened.DisposeAsync();
        turns.Dispose();
        _ended.Dispose();
        lease.Dispose();
    }
}
