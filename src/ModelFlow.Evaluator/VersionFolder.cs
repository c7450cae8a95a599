using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator;

/// <summary>What no version's folder may hold, whatever its format.</summary>
internal static class VersionFolder
{
    /// <summary>Why nothing of the folder may be opened; null if nothing speaks against it.</summary>
    public static string? Problem(string directory)
    {
        if (FindLink(directory) is { } link)
        {
            return $"the version's folder holds the link '{Path.GetFileName(link)}'; a version's files are plain files";
        }

        return Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories).Select(UnsafeContent.Find).FirstOrDefault(u => u is not null) is { } danger
            ? $"{danger}; leave it out of the version"
            : null;
    }

    // Looked for level by level, because a listing of all levels would follow links to folders.
    private static string? FindLink(string directory)
    {
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
            {
                return entry.FullName;
            }

            if (entry is DirectoryInfo && FindLink(entry.FullName) is { } link)
            {
                return link;
            }
        }

        return null;
    }
}
