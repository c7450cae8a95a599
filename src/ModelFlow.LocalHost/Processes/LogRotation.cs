namespace ModelFlow.LocalHost.Processes;

/// <summary>
/// Keeps a log file small while its writer holds it open in append mode: it is copied aside and cut to nothing. What is written
/// between the two steps is lost, which a log can bear.
/// </summary>
internal static class LogRotation
{
    public static void RotateIfLarge(string path, long bytes, int keep)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length <= bytes)
        {
            return;
        }

        for (var i = keep; i > 1; i--)
        {
            if (File.Exists($"{path}.{i - 1}"))
            {
                File.Move($"{path}.{i - 1}", $"{path}.{i}", overwrite: true);
            }
        }

        using var log = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
        using (var aside = new FileStream($"{path}.1", FileMode.Create, FileAccess.Write))
        {
            log.CopyTo(aside);
        }

        log.SetLength(0);
    }
}
