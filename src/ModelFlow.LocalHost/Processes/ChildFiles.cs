using System.Text.Json;
using ModelFlow.Core.Serialization;
using ModelFlow.EvaluatorProcess;

namespace ModelFlow.LocalHost.Processes;

/// <summary>
/// The files by which a child is found again after its host was killed. The child's launcher takes a file lock that the child keeps
/// to its end, so that the kernel allows at most one of each name, and then writes its own identity; the host writes beforehand what it starts.
/// </summary>
internal sealed class ChildFiles(string runFolder, string logFolder, string name)
{
    public string LockPath { get; } = Path.Combine(runFolder, name + ".lock");

    public string PidPath { get; } = Path.Combine(runFolder, name + ".pid");

    public string LogPath { get; } = Path.Combine(logFolder, name + ".log");

    private string StartedPath { get; } = Path.Combine(runFolder, name + ".json");

    /// <summary>Whether a child (or its launcher) lives.</summary>
    public bool IsLocked()
    {
        try
        {
            using var free = new FileStream(LockPath, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    /// <summary>A living child of whoever started it. Not while one is being started: seeing whether the lock is free takes it for a moment.</summary>
    public ProcessIdentity? FindLeftBehind() => IsLocked() ? ReadLiving() : null;

    /// <summary>The child's identity; null if there is none or it is gone.</summary>
    public ProcessIdentity? ReadLiving()
    {
        try
        {
            return ProcessIdentity.TryParse(File.ReadAllText(PidPath)) is { } identity && identity.IsAlive() ? identity : null;
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>What was started last; null if nothing was.</summary>
    public StartedChild? ReadStarted()
    {
        try
        {
            return JsonSerializer.Deserialize<StartedChild>(File.ReadAllText(StartedPath), CoreJson.Options);
        }
        catch (Exception e) when (e is IOException or JsonException)
        {
            return null;
        }
    }

    public void WriteStarted(StartedChild started) => File.WriteAllText(StartedPath, JsonSerializer.Serialize(started, CoreJson.Indented));

    /// <summary>Forgets an ended child. The lock's file stays: a lock on a deleted file would keep nobody out.</summary>
    public void Delete()
    {
        File.Delete(PidPath);
        File.Delete(StartedPath);
    }

    /// <summary>The log's last lines, for error messages.</summary>
    public string ReadLogTail(int lines)
    {
        try
        {
            using var file = new FileStream(LogPath, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            file.Seek(-Math.Min(file.Length, 16_384), SeekOrigin.End);
            using var reader = new StreamReader(file);
            return string.Join('\n', reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries).TakeLast(lines));
        }
        catch (IOException)
        {
            return "";
        }
    }
}

/// <summary>What a host started under a name.</summary>
/// <param name="Fingerprint">The spec's fingerprint.</param>
/// <param name="Command">Program and arguments.</param>
internal sealed record StartedChild(string Fingerprint, IReadOnlyList<string> Command);
