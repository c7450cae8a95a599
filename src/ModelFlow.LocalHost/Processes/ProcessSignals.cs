using System.Runtime.InteropServices;
using ModelFlow.EvaluatorProcess;

namespace ModelFlow.LocalHost.Processes;

/// <summary>Ends processes the Unix way: asked first, forced after a while.</summary>
internal static class ProcessSignals
{
    private const int Terminate = 15;
    private const int Kill = 9;

    /// <summary>
    /// Asks a process to end (SIGTERM) and forces it and its process group (SIGKILL) if it has not after <paramref name="within"/>.
    /// Returns whether it had to be forced. One that is gone already is no error.
    /// </summary>
    public static async Task<bool> EndAsync(ProcessIdentity process, TimeSpan within, TimeProvider time)
    {
        if (!process.IsAlive())
        {
            return false;
        }

        _ = SendSignal(process.Id, Terminate);
        if (await WaitForEndAsync(process, within, time))
        {
            return false;
        }

        // A child leads its own session and group: whatever it started goes with it.
        _ = SendSignal(-process.Id, Kill);
        _ = SendSignal(process.Id, Kill);
        await WaitForEndAsync(process, TimeSpan.FromSeconds(10), time);
        return true;
    }

    /// <summary>Asks a process to end and does not wait.</summary>
    public static void Ask(ProcessIdentity process)
    {
        if (process.IsAlive())
        {
            _ = SendSignal(process.Id, Terminate);
        }
    }

    /// <summary>Waits until a process is gone; false if it still runs after <paramref name="within"/>.</summary>
    public static async Task<bool> WaitForEndAsync(ProcessIdentity process, TimeSpan within, TimeProvider time)
    {
        var started = time.GetTimestamp();
        while (process.IsAlive())
        {
            if (time.GetElapsedTime(started) > within)
            {
                return false;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time);
        }

        return true;
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
