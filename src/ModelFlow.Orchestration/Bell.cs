namespace ModelFlow.Orchestration;

/// <summary>One release's doorbell: any number of rings before it is answered are one.</summary>
public sealed class Bell : IDisposable
{
    private readonly SemaphoreSlim _rung = new(0, 1);
    private readonly Lock _gate = new();

    /// <summary>Rings.</summary>
    public void Ring()
    {
        lock (_gate)
        {
            if (_rung.CurrentCount == 0)
            {
                _rung.Release();
            }
        }
    }

    /// <summary>Whether it was rung since it was last answered; answers it.</summary>
    public bool TryTake() => _rung.Wait(0);

    /// <summary>Waits for a ring without answering it.</summary>
    public async Task WaitAsync(CancellationToken cancellationToken)
    {
        await _rung.WaitAsync(cancellationToken);
        Ring();
    }

    /// <inheritdoc/>
    public void Dispose() => _rung.Dispose();
}
