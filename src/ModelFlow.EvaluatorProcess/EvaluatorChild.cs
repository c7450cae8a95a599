using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using ModelFlow.Core.Evaluation;

namespace ModelFlow.EvaluatorProcess;

/// <summary>
/// Runs one evaluator as a child process: in a session of its own, with a clean environment, under limits of time, memory and output.
/// Whatever it started ends with it.
/// </summary>
public sealed class EvaluatorChild(ChildLimits limits, TimeProvider time)
{
    private const int TailChars = 4_000;

    // Room above the watched limit for what is mapped and not resident: it only has to stop a sudden leap between two looks.
    private const long DataRoom = 2L * 1024 * 1024 * 1024;

    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(200);
    private static readonly string[] ToolFolders = ["/usr/bin", "/bin", "/usr/local/bin"];
    private static readonly string? SetSid = FindTool("setsid");
    private static readonly string? PrLimit = FindTool("prlimit");

    /// <summary>Runs it to its end. A cancelled run is killed, too.</summary>
    /// <param name="folder">Where it works.</param>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="variables">The job, in the words of <see cref="EvaluatorContract"/>.</param>
    /// <param name="log">Takes its output.</param>
    /// <param name="started">Told the process id.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public async Task<(ChildEnd End, string ErrorTail)> RunAsync(
        JobFolder folder,
        IReadOnlyList<string> command,
        IReadOnlyDictionary<string, string> variables,
        BoundedText log,
        Action<int> started,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(folder);
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(variables);
        ArgumentNullException.ThrowIfNull(log);
        ArgumentNullException.ThrowIfNull(started);
        var errors = new BoundedText(0, TailChars);
        using var process = new Process { StartInfo = StartInfo(folder, command, variables) };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return (new ChildEnd.NotStarted($"{command[0]}: {e.Message}"), "");
        }

        started(process.Id);
        if (ProcessIdentity.Find(process.Id) is { } identity)
        {
            folder.NoteProcess(identity);
        }

        using var drainEnd = new CancellationTokenSource();
        var drains = Task.WhenAll(
            DrainAsync(process.StandardOutput, [log], drainEnd.Token),
            DrainAsync(process.StandardError, [log, errors], drainEnd.Token));
        ChildEnd end;
        try
        {
            end = await WatchAsync(process, folder, cancellationToken);
        }
        finally
        {
            await ProcessGroup.KillAsync(process.Id, folder.Mark, time, CancellationToken.None);
            process.StandardInput.Close();

            // The pipes end when their last holder does; a holder that cannot be killed is not waited for.
            await Task.WhenAny(drains, Task.Delay(TimeSpan.FromSeconds(2), time, CancellationToken.None));
            await drainEnd.CancelAsync();
        }

        return (end, errors.Tail(TailChars));
    }

    private async Task<ChildEnd> WatchAsync(Process process, JobFolder folder, CancellationToken cancellationToken)
    {
        var memoryLimit = limits.MemoryMiB * 1024L * 1024;
        var outputLimit = limits.OutputMiB * 1024L * 1024;
        var began = time.GetTimestamp();
        var exit = process.WaitForExitAsync(cancellationToken);
        while (true)
        {
            var left = limits.Time - time.GetElapsedTime(began);
            if (left <= TimeSpan.Zero)
            {
                return new ChildEnd.OutOfTime();
            }

            using var pause = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var next = await Task.WhenAny(exit, Task.Delay(left < LookEvery ? left : LookEvery, time, pause.Token));
            await pause.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
            if (next == exit)
            {
                await exit;
                var written = folder.Bytes();
                return written > outputLimit ? new ChildEnd.TooMuchOutput(written) : new ChildEnd.Exited(process.ExitCode);
            }

            var memory = ProcessGroup.ResidentBytes(process.Id);
            if (memory > memoryLimit)
            {
                return new ChildEnd.OutOfMemory(memory);
            }

            var output = folder.Bytes();
            if (output > outputLimit)
            {
                return new ChildEnd.TooMuchOutput(output);
            }
        }
    }

    private ProcessStartInfo StartInfo(JobFolder folder, IReadOnlyList<string> command, IReadOnlyDictionary<string, string> variables)
    {
        var line = new List<string>();
        if (SetSid is not null)
        {
            line.Add(SetSid);
        }

        if (PrLimit is not null)
        {
            var data = (limits.MemoryMiB * 1024L * 1024) + DataRoom;
            line.AddRange([PrLimit, "--core=0", "--nofile=1024", $"--data={data}", $"--fsize={limits.OutputMiB * 1024L * 1024}"]);
        }

        line.AddRange(command);
        var start = new ProcessStartInfo(line[0], line[1..])
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = folder.Temporary,
        };

        // Nothing of the host's environment reaches a program that runs strangers' files.
        start.Environment.Clear();
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        start.Environment.TryAdd("PATH", "/usr/local/bin:/usr/bin:/bin");
        start.Environment["HOME"] = folder.Temporary;
        start.Environment["TMPDIR"] = folder.Temporary;
        start.Environment["LANG"] = "C.UTF-8";
        start.Environment["DOTNET_ROOT"] = DotnetRoot();
        start.Environment["DOTNET_EnableDiagnostics"] = "0";
        start.Environment["DOTNET_TieredPGO"] = "0";

        // The runtime's double mapping of code needs one large file, which the limit on file sizes forbids.
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0";
        start.Environment[EvaluatorContract.ParentPipe] = "1";
        start.Environment[EvaluatorContract.OutputDirectory] = folder.Output;
        start.Environment[JobFolder.MarkName] = folder.Mark[(JobFolder.MarkName.Length + 1)..];
        return start;
    }

    // {root}/shared/Microsoft.NETCore.App/{version}/
    private static string DotnetRoot() => Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    private static string? FindTool(string name) =>
        ToolFolders.Select(d => Path.Combine(d, name)).FirstOrDefault(File.Exists);

    private static async Task DrainAsync(StreamReader reader, IReadOnlyList<BoundedText> into, CancellationToken cancellationToken)
    {
        var buffer = new char[16 * 1024];
        try
        {
            int read;
            while ((read = await reader.ReadAsync(buffer, cancellationToken)) > 0)
            {
                foreach (var text in into)
                {
                    text.Add(buffer.AsSpan(0, read));
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The process was killed or is not waited for any longer; what came so far is the log.
        }
    }

    /// <summary>The name of the signal in an exit code above 128.</summary>
    public static string SignalName(int code) => (code - 128) switch
    {
        4 => "illegal instruction (SIGILL)",
        6 => "abort (SIGABRT)",
        7 => "bus error (SIGBUS)",
        8 => "arithmetic error (SIGFPE)",
        9 => "kill (SIGKILL)",
        11 => "segmentation fault (SIGSEGV)",
        15 => "termination (SIGTERM)",
        25 => "file too large (SIGXFSZ)",
        31 => "forbidden system call (SIGSYS)",
        var other => $"signal {other.ToString(CultureInfo.InvariantCulture)}",
    };
}
