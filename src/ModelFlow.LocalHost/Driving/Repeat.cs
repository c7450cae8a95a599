namespace ModelFlow.LocalHost.Driving;

/// <summary>Jobs that are done again and again.</summary>
internal static class Repeat
{
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Does <paramref name="job"/> at once and then again, <paramref name="every"/> after it ended, until cancelled. A failure is logged, and
    /// the pause grows with further ones; the job goes on.
    /// </summary>
    public static async Task EveryAsync(string what, TimeSpan every, Func<CancellationToken, Task> job, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                await job(cancellationToken);
                failures = 0;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // The catch-all of the host's edge: one job that fails must not end the others.
                failures++;
                Log.JobFailed(logger, what, failures, e);
            }

            var backoff = TimeSpan.FromTicks(Math.Min(LongestBackoff.Ticks, every.Ticks << Math.Min(failures, 10)));
            await Task.Delay(failures == 0 || backoff < every ? every : backoff, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
