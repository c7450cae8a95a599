using System.Text.Json;
using System.Text.Json.Nodes;

namespace ModelFlow.Cli.Pushing;

/// <summary>A file to push.</summary>
/// <param name="FullPath">Where it lies.</param>
/// <param name="Path">Its path inside the version, with <c>/</c>.</param>
/// <param name="Size">Bytes.</param>
internal sealed record PushFile(string FullPath, string Path, long Size);

/// <summary>What a person asked to push: the files, and the <c>manifest.json</c> among them if there is one.</summary>
internal sealed record PushSource(IReadOnlyList<PushFile> Files, JsonObject? Manifest)
{
    private const string ManifestName = "manifest.json";

    public long TotalBytes => Files.Sum(f => f.Size);

    /// <summary>
    /// Finds the files under <paramref name="path"/>. Names that begin with a dot (.git, .DS_Store) are left out; links to files are
    /// followed, for that is how download caches store models, and links to folders are not.
    /// </summary>
    public static PushSource Find(string path)
    {
        if (File.Exists(path))
        {
            return new PushSource([Describe(path, System.IO.Path.GetFileName(path))], null);
        }

        if (!Directory.Exists(path))
        {
            throw new CommandFailedException(ExitCode.NotFound, $"There is no file or folder {path}.");
        }

        var files = new List<PushFile>();
        Walk(new DirectoryInfo(path), "", files);
        var manifest = files.Find(f => f.Path.Equals(ManifestName, StringComparison.OrdinalIgnoreCase));
        if (manifest is not null)
        {
            files.Remove(manifest);
        }

        if (files.Count == 0)
        {
            throw new CommandFailedException(ExitCode.Usage, $"There are no files in {path}.", "Names that begin with a dot are left out.");
        }

        files.Sort((a, b) => string.CompareOrdinal(a.Path, b.Path));
        return new PushSource(files, manifest is null ? null : ReadManifest(manifest.FullPath));
    }

    private static void Walk(DirectoryInfo folder, string prefix, List<PushFile> files)
    {
        foreach (var entry in folder.EnumerateFileSystemInfos())
        {
            if (entry.Name.StartsWith('.'))
            {
                continue;
            }

            if (entry is DirectoryInfo inner)
            {
                if (inner.LinkTarget is not null)
                {
                    throw new CommandFailedException(ExitCode.Usage, $"{inner.FullName} is a link to a folder, which is not followed.", "Copy the files, or push the folder it leads to.");
                }

                Walk(inner, $"{prefix}{inner.Name}/", files);
            }
            else
            {
                files.Add(Describe(entry.FullName, prefix + entry.Name));
            }
        }
    }

    private static PushFile Describe(string fullPath, string path)
    {
        var target = File.ResolveLinkTarget(fullPath, returnFinalTarget: true) as FileInfo ?? new FileInfo(fullPath);
        return target.Exists
            ? new PushFile(target.FullName, path, target.Length)
            : throw new CommandFailedException(ExitCode.NotFound, $"{fullPath} is a link to nothing.");
    }

    private static JsonObject ReadManifest(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path)) as JsonObject ?? throw new JsonException("It is not an object.");
        }
        catch (JsonException e)
        {
            throw new CommandFailedException(ExitCode.Usage, $"{path} is not JSON: {e.Message}", "Correct it, or take it away: push writes one.");
        }
    }
}
