
namespace ModelFlow.EvaluatorProcess;

/// <summary>The folder of one running job: what the evaluator writes, its temporary files, and who it is. Gone when the job is over.</summary>
public sealed class JobFolder : IDisposable
{
    private const string ProcessFile = "process";

    private JobFolder(string path) => Root = path;

    /// <summary>The folder.</summary>
    public string Root { get; }

    /// <summary>What the evaluator writes its answers into.</summary>
    public string Output => Path.Combine(Root, "out");

    /// <summary>Its working and temporary folder.</summary>
    public string Temporary => Path.Combine(Root, "tmp");

    /// <summary>What marks every process of the job in its environment.</summary>
    public string Mark => $"{MarkName}={Path.GetFileName(Root)}";

    /// <summary>The environment variable that marks the job's processes.</summary>
    public const string MarkName = "MODELFLOW_JOB";

    /// <summary>Makes the folder of a new job in <paramref name="jobs"/>.</summary>
    public static JobFolder Create(string jobs)
    {
        var folder = new JobFolder(Path.Combine(jobs, Guid.NewGuid().ToString("N")));
        Directory.CreateDirectory(folder.Output);
        Directory.CreateDirectory(folder.Temporary);
        return folder;
    }

    /// <summary>Every folder that an earlier host left behind.</summary>
    public static IReadOnlyList<JobFolder> List(string jobs) =>
        Directory.Exists(jobs) ? [.. Directory.EnumerateDirectories(jobs).Select(d => new JobFolder(d))] : [];

    /// <summary>Remembers the evaluator's process.</summary>
    public void NoteProcess(ProcessIdentity process) => File.WriteAllText(Path.Combine(Root, ProcessFile), process.ToString());

    /// <summary>The evaluator's process; null if none was noted.</summary>
    public ProcessIdentity? ReadProcess()
    {
        var path = Path.Combine(Root, ProcessFile);
        return File.Exists(path) ? ProcessIdentity.TryParse(File.ReadAllText(path)) : null;
    }

    /// <summary>The bytes in the folder's files; what disappears meanwhile does not count.</summary>
    public long Bytes()
    {
        try
        {
            return new DirectoryInfo(Root)
                .EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true })
                .Sum(f => f.Length);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    /// <summary>Removes the folder.</summary>
    public void Dispose()
    {
        try
        {
            Directory.Delete(Root, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // A process that is still ending may write into it; the next start removes it.
        }
    }
}
