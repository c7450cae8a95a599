using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelFlow.EvaluatorProcess;

/// <summary>
/// One process and no other: its id together with the tick at which it started, for an id is given again to other processes.
/// Linux only: read from <c>/proc</c>.
/// </summary>
/// <param name="Id">The process id.</param>
/// <param name="StartTicks">Field 22 of <c>/proc/{id}/stat</c>: clock ticks between boot and the process's start.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ProcessIdentity(int Id, long StartTicks)
{
    /// <summary>The calling process.</summary>
    public static ProcessIdentity Current => Find(Environment.ProcessId)
        ?? throw new PlatformNotSupportedException("/proc is not readable: the embedded host runs on Linux.");

    /// <summary>The living process with this id; null if there is none, or only what is left of it until its parent takes its exit code.</summary>
    public static ProcessIdentity? Find(int id)
    {
        string stat;
        try
        {
            stat = File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/stat");
        }
        catch (IOException)
        {
            return null;
        }
        catch (UnauthorizedAccessException)
        {
            return null;
        }

        // The second field is the command in parentheses and may hold anything, parentheses too; the third is the state.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length < 20 || fields[0] is "Z" or "X"
            ? null
            : new ProcessIdentity(id, long.Parse(fields[19], CultureInfo.InvariantCulture));
    }

    /// <summary>Parses what <see cref="ToString"/> writes; null for anything else.</summary>
    public static ProcessIdentity? TryParse(string text)
    {
        var parts = text.Split(' ', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var id)
            && long.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var ticks)
                ? new ProcessIdentity(id, ticks)
                : null;
    }

    /// <summary>Whether the process runs.</summary>
    public bool IsAlive() => Find(Id) == this;

    /// <summary>The command line, argument by argument; empty if the process is gone.</summary>
    public IReadOnlyList<string> ReadCommandLine()
    {
        try
        {
            var arguments = File.ReadAllText($"/proc/{Id.ToString(CultureInfo.InvariantCulture)}/cmdline").TrimEnd('\0').Split('\0');
            return IsAlive() ? arguments : [];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Id} {StartTicks}");
}
