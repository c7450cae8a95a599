using System.Globalization;
using System.Runtime.InteropServices;

namespace ModelFlow.EvaluatorProcess;

/// <summary>The processes of one job: those of the session that its evaluator leads. Linux only: read from <c>/proc</c>.</summary>
public static class ProcessGroup
{
    /// <summary>Stands for a session whose leader is not known; no process is in it.</summary>
    public const int NoLeader = -1;

    private const int Kill = 9;

    /// <summary>The memory that the session's processes hold, in bytes; shared pages count for each.</summary>
    public static long ResidentBytes(int leader) =>
        Stats().Where(s => s.Session == leader).Sum(s => s.ResidentPages) * Environment.SystemPageSize;

    /// <summary>
    /// Kills the job's processes until none is left, or for five seconds: those of the session, and those that left it and still carry
    /// <paramref name="mark"/> in their environment.
    /// </summary>
    public static async Task KillAsync(int leader, string mark, TimeProvider time, CancellationToken cancellationToken)
    {
        // A process that is just starting another program shows no environment for a moment: one empty look proves nothing.
        var emptyLooks = 0;
        for (var attempt = 0; attempt < 100; attempt++)
        {
            var members = Stats().Where(s => s.Session == leader || HasMark(s.Process.Id, mark)).Select(s => s.Process.Id).ToList();
            emptyLooks = members.Count == 0 ? emptyLooks + 1 : 0;
            if (emptyLooks == 2)
            {
                return;
            }

            foreach (var member in members)
            {
                _ = SendSignal(member, Kill);
            }

            await Task.Delay(TimeSpan.FromMilliseconds(50), time, cancellationToken);
        }
    }

    private static bool HasMark(int id, string mark)
    {
        try
        {
            return File.ReadAllText($"/proc/{id.ToString(CultureInfo.InvariantCulture)}/environ").Split('\0').Contains(mark, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static IEnumerable<(ProcessIdentity Process, int Session, long ResidentPages)> Stats()
    {
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            string stat;
            try
            {
                stat = File.ReadAllText(Path.Combine(folder, "stat"));
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                continue; // it ended meanwhile
            }

            // After the command in parentheses: state, parent, group, session (proc_pid_stat(5), fields 3 to 6), start time (22), resident pages (24).
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length >= 22 && fields[0] is not ("Z" or "X"))
            {
                yield return (
                    new ProcessIdentity(id, long.Parse(fields[19], CultureInfo.InvariantCulture)),
                    int.Parse(fields[3], CultureInfo.InvariantCulture),
                    long.Parse(fields[21], CultureInfo.InvariantCulture));
            }
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int process, int signal);
}
