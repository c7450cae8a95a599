namespace ModelFlow.Evaluator.Gguf;

/// <summary>What a version's GGUF file may hold to be loaded at all.</summary>
internal static class GgufChecks
{
    /// <summary>Reads and checks the model file in <paramref name="directory"/>.</summary>
    public static GgufChecked Check(string directory)
    {
        if (VersionFolder.Problem(directory) is { } problem)
        {
            return new GgufChecked.Refused(problem);
        }

        var models = Directory.GetFiles(directory, "*.gguf", SearchOption.TopDirectoryOnly);
        var path = models.Length == 1 ? models[0] : models.FirstOrDefault(m => string.Equals(Path.GetFileName(m), "model.gguf", StringComparison.Ordinal));
        if (path is null)
        {
            return new GgufChecked.Refused(models.Length == 0
                ? "there is no .gguf file at the top of the version's folder"
                : $"there are {models.Length} .gguf files and none is called model.gguf, so it cannot be told which one is the model (files that were split must be merged)");
        }

        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024);
            return new GgufChecked.Sound(path, GgufFileReader.Read(stream));
        }
        catch (Exception e) when (e is InvalidDataException or OverflowException)
        {
            return new GgufChecked.Refused($"'{Path.GetFileName(path)}' does not read as GGUF: {e.Message}");
        }
    }
}

/// <summary>The outcome of checking a version's GGUF file.</summary>
internal abstract record GgufChecked
{
    private GgufChecked()
    {
    }

    /// <summary>It may be given to an engine.</summary>
    public sealed record Sound(string Path, GgufFile File) : GgufChecked;

    /// <summary>It may not; why.</summary>
    public sealed record Refused(string Reason) : GgufChecked;
}
