using System.Runtime.InteropServices;

namespace ModelFlow.Serving.Repository;

/// <summary>The memory of this process.</summary>
internal static partial class ProcessMemory
{
    /// <summary>Bytes of physical memory in use.</summary>
    public static long Resident() => Environment.WorkingSet;

    /// <summary>
    /// Asks Linux to end this process before others when the machine runs out of memory: a model may ask for any amount, and this
    /// server loads again what it had. A machine that does not allow it goes on as it was.
    /// </summary>
    public static void GoFirstWhenMemoryRunsOut()
    {
        // Half of the scale, in thousandths of the machine's memory that are counted on top of what is used; see proc(5).
        const string Adjustment = "500";
        try
        {
            File.WriteAllText("/proc/self/oom_score_adj", Adjustment);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Not Linux, or not allowed.
        }
    }

    /// <summary>
    /// Asks the C library to return freed memory to the system. Without it, glibc keeps what an unloaded model used:
    /// https://github.com/microsoft/onnxruntime/issues/26831.
    /// </summary>
    public static void GiveBack()
    {
        if (!OperatingSystem.IsLinux())
        {
            return;
        }

        try
        {
            _ = MallocTrim(0);
        }
        catch (EntryPointNotFoundException)
        {
            // Another C library (musl), which has no such call and returns large blocks by itself.
        }
        catch (DllNotFoundException)
        {
        }
    }

    [LibraryImport("libc.so.6", EntryPoint = "malloc_trim")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static partial int MallocTrim(nuint pad);
}
