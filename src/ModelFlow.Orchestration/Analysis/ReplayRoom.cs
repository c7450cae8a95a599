namespace ModelFlow.Orchestration.Analysis;

/// <summary>Lets two replays run at a time: they take memory and processor time that the host's work on releases needs. Others wait.</summary>
public sealed class ReplayRoom : IDisposable
{
    private readonly SemaphoreSlim _places = new(2);

    /// <summary>Waits for a place; disposing of the answer gives it back.</summary>
    public async Task<IDisposable> EnterAsync(CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken);
        return new Place(_places);
    }

    /// <inheritdoc/>
    public void Dispose() => _places.Dispose();

    private sealed class Place(SemaphoreSlim places) : IDisposable
    {
        private SemaphoreSlim? _places = places;

        public void Dispose() => Interlocked.Exchange(ref _places, null)?.Release();
    }
}
