using Microsoft.DurableTask;

namespace ModelFlow.Functions.Driving;

/// <summary>
/// The doorbell as an orchestrator hears it: one outstanding waiter for all of a life, so that no ring is taken by a waiter that nobody looks at.
/// Any number of rings before they are answered are one.
/// </summary>
internal sealed class OrchestratorDoorbell(TaskOrchestrationContext context)
{
    private Task<string?> _rung = context.WaitForExternalEvent<string?>(ReleaseOrchestrator.RingEvent);

    /// <summary>Completes when it is rung.</summary>
    public Task Rung => _rung;

    /// <summary>Answers every ring so far: what is read after this sees what was written before them.</summary>
    public void Answer()
    {
        while (_rung.IsCompleted)
        {
            _rung = context.WaitForExternalEvent<string?>(ReleaseOrchestrator.RingEvent);
        }
    }

    /// <summary>Waits, or until it is rung; a timer that lost is cancelled.</summary>
    public async Task WaitAsync(TimeSpan wait)
    {
        if (wait <= TimeSpan.Zero || _rung.IsCompleted)
        {
            return;
        }

        using var cancel = new CancellationTokenSource();
        var timer = context.CreateTimer(wait, cancel.Token);
        if (await Task.WhenAny(_rung, timer) != timer)
        {
#pragma warning disable CA1849, MA0042 // Cancelled in place: CancelAsync would leave the orchestrator's thread.
            cancel.Cancel();
#pragma warning restore CA1849, MA0042
        }
    }
}
