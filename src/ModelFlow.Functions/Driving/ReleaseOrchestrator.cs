using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask;

namespace ModelFlow.Functions.Driving;

/// <summary>
/// Drives one release, whose id is the instance's id, from where it stands to its end. It decides nothing and knows nothing: what comes next is
/// decided within <see cref="ReleaseActivities.AdvanceAsync"/>, from the tables. So a change of decisions takes effect at the next step and
/// breaks no replay, and an instance that was lost is replaced by a new one.
/// </summary>
/// <remarks>
/// Everything here must be replayable. A change of the order of its calls needs a new <see cref="Version"/> and, for instances of the
/// old one, the old order; instances live until their release ends, and continue as new every few steps.
/// </remarks>
public static class ReleaseOrchestrator
{
    /// <summary>The orchestrator's name.</summary>
    public const string Name = "ReleaseOrchestrator";

    /// <summary>The event that says something new lies in the release's partition.</summary>
    public const string RingEvent = "ring";

    /// <summary>The version that new instances are started with; <c>defaultVersion</c> in <c>host.json</c> says the same.</summary>
    public const string Version = "1.0";

    /// <summary>Drives until the release has ended, or to the end of this life.</summary>
    [Function(Name)]
    public static async Task RunAsync([OrchestrationTrigger] TaskOrchestrationContext context, DriverInput? input)
    {
        ArgumentNullException.ThrowIfNull(context);
        var pace = input?.Pace ?? new DriverPace();
        var failures = input?.Failures ?? 0;
        var doorbell = new OrchestratorDoorbell(context);
        for (var step = 0; step < pace.StepsPerLife; step++)
        {
            TimeSpan wait;
            try
            {
                doorbell.Answer();
                var next = await AdvanceAsync(context, pace);
                if (next.Kind == StepKind.End)
                {
                    return;
                }

                wait = next.Kind == StepKind.Run ? await RunCommandAsync(context, pace, doorbell, next.Seq) : next.Wait;
                failures = 0;
            }
            catch (TaskFailedException)
            {
                // Every try failed: the storage may be away for an hour. The release outlives it.
                failures++;
                wait = pace.BackoffAfter(failures);
            }

            await doorbell.WaitAsync(wait < pace.Slice ? wait : pace.Slice);
        }

        // A ring that was heard and not answered is answered by the next life's first step; one not yet heard goes with it.
        context.ContinueAsNew(new DriverInput { Pace = pace, Failures = failures }, preserveUnprocessedEvents: true);
    }

    // A command may take long: signals are taken in meanwhile, and one that takes the command off the release ends the waiting for it.
    private static async Task<TimeSpan> RunCommandAsync(TaskOrchestrationContext context, DriverPace pace, OrchestratorDoorbell doorbell, int seq)
    {
        var running = context.CallActivityAsync<CommandLook>(ReleaseActivities.Run, new CommandToRun(context.InstanceId, seq), Retries(pace));
        while (await Task.WhenAny(running, doorbell.Rung) != running)
        {
            doorbell.Answer();
            var now = await AdvanceAsync(context, pace);
            if (now.Kind != StepKind.Run || now.Seq != seq)
            {
                // The activity finds out by itself that its command is no longer asked for; its result would be refused.
                return TimeSpan.Zero;
            }
        }

        return (await running).LookAgainAfter ?? TimeSpan.Zero;
    }

    private static async Task<DriverStep> AdvanceAsync(TaskOrchestrationContext context, DriverPace pace)
    {
        var step = await context.CallActivityAsync<DriverStep>(ReleaseActivities.Advance, context.InstanceId, Retries(pace));
        context.SetCustomStatus(step.Status);
        return step;
    }

    private static TaskOptions Retries(DriverPace pace) =>
        TaskOptions.FromRetryPolicy(new RetryPolicy(pace.Attempts, pace.FirstRetry, backoffCoefficient: 2, maxRetryInterval: pace.LongestRetry));
}
