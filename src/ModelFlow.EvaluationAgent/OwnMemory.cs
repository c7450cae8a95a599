using System.Runtime.InteropServices;

namespace ModelFlow.EvaluationAgent;

/// <summary>
/// Closes this process's environment and memory to other processes of the same user: the evaluator runs strangers' files, and the
/// job's address is in the environment.
/// </summary>
internal static class OwnMemory
{
    private const int SetDumpable = 4; // PR_SET_DUMPABLE, prctl(2)

    /// <summary>Closes it; false where the system does not let it.</summary>
    public static bool Close() => Control(SetDumpable, 0, 0, 0, 0) == 0;

    /// <summary>Wipes an environment variable where the system shows it to others (<c>/proc/{id}/environ</c>): root may read a closed process, too.</summary>
    public static void Wipe(string variable)
    {
        var value = GetVariable(variable);
        for (var i = 0; value != 0 && Marshal.ReadByte(value, i) != 0; i++)
        {
            Marshal.WriteByte(value, i, 0);
        }
    }

    // The value's place in the block that the process was started with.
    [DllImport("libc", EntryPoint = "getenv", CharSet = CharSet.Ansi, BestFitMapping = false, ThrowOnUnmappableChar = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint GetVariable([MarshalAs(UnmanagedType.LPUTF8Str)] string name);

    [DllImport("libc", EntryPoint = "prctl", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Control(int option, nuint argument2, nuint argument3, nuint argument4, nuint argument5);
}
