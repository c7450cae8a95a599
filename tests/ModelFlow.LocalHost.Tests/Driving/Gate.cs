namespace ModelFlow.LocalHost.Tests.Driving;

/// <summary>Holds the first who comes by until it is opened.</summary>
internal sealed class Gate
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _opened = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _passed;

    /// <summary>Done when somebody stands before it.</summary>
    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(20));

    public void Open() => _opened.TrySetResult();

    public Task PassAsync(CancellationToken cancellationToken = default)
    {
        if (Interlocked.Exchange(ref _passed, 1) == 1)
        {
            return Task.CompletedTask;
        }

        _reached.TrySetResult();
        return _opened.Task.WaitAsync(cancellationToken);
    }
}
