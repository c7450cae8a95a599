using System.Text;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;

namespace ModelFlow.Serving.Repository;

/// <summary>The files of one version. Their digest names the bytes: two versions with the same files are the same model.</summary>
internal sealed class FileSet
{
    /// <summary>Takes files whose paths were checked by <see cref="LoadRequest"/>.</summary>
    public FileSet(IEnumerable<ManifestFile> files)
    {
        Files = [.. files.OrderBy(f => f.Path, StringComparer.Ordinal)];
        var text = new StringBuilder();
        foreach (var file in Files)
        {
            text.Append(file.Sha256.Hex).Append(' ').Append(file.Size).Append(' ').Append(file.Path).Append('\n');
        }

        Digest = Sha256Digest.Of(text.ToString());
    }

    /// <summary>Ordered by path.</summary>
    public IReadOnlyList<ManifestFile> Files { get; }

    /// <summary>The digest of every file's digest, size and path.</summary>
    public Sha256Digest Digest { get; }

    /// <summary>The sum of the sizes.</summary>
    public long TotalBytes => Files.Sum(f => f.Size);

    /// <summary>
    /// The file that is opened: the only <c>.onnx</c> file, or <c>model.onnx</c> where there are several; without any, the same of
    /// <c>.gguf</c>. Null when neither is there.
    /// </summary>
    public string? EntryPath => Entry(".onnx") ?? (Files.Any(f => IsOf(f, ".onnx")) ? null : Entry(".gguf"));

    /// <summary>Whether it is a language model, which an engine serves.</summary>
    public bool IsText => EntryPath?.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase) == true;

    private string? Entry(string ending)
    {
        var models = Files.Where(f => IsOf(f, ending)).ToList();
        return models.Count == 1 ? models[0].Path : models.Find(f => string.Equals(f.Path, "model" + ending, StringComparison.Ordinal))?.Path;
    }

    private static bool IsOf(ManifestFile file, string ending) => file.Path.EndsWith(ending, StringComparison.OrdinalIgnoreCase);
}
