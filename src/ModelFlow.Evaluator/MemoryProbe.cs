using System.Globalization;

namespace ModelFlow.Evaluator;

/// <summary>The process's resident memory as Linux tells it (proc_pid_status(5)); nothing elsewhere.</summary>
internal sealed class MemoryProbe
{
    /// <summary>The most seen so far, in bytes; null where it cannot be read.</summary>
    public long? Peak { get; private set; } = Read("VmHWM");

    /// <summary>By how much resident memory grew at most while <paramref name="work"/> ran.</summary>
    public T Measure<T>(Func<T> work, out long? grown)
    {
        Note();
        var reset = TryReset();
        var before = Read("VmRSS");
        var result = work();
        var peak = Read("VmHWM");
        grown = reset && before is { } b && peak is { } p ? Math.Max(0, p - b) : null;
        Note();
        return result;
    }

    /// <summary>Takes the peak since the last reset into <see cref="Peak"/>.</summary>
    public void Note()
    {
        if (Read("VmHWM") is { } now && (Peak is null || now > Peak))
        {
            Peak = now;
        }
    }

    // Writing 5 sets the peak back to what is resident now (proc_pid_clear_refs(5)).
    private static bool TryReset()
    {
        try
        {
            File.WriteAllText("/proc/self/clear_refs", "5");
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static long? Read(string field)
    {
        try
        {
            foreach (var line in File.ReadLines("/proc/self/status"))
            {
                if (line.StartsWith(field, StringComparison.Ordinal) && line[field.Length] == ':'
                    && long.TryParse(line.AsSpan(field.Length + 1).Trim().TrimEnd("kB"), NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out var kibibytes))
                {
                    return kibibytes * 1024;
                }
            }
        }
        catch (IOException)
        {
            // Not Linux.
        }

        return null;
    }
}
