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

    /// <summary>The file that the runtime opens: the only <c>.onnx</c> file, or <c>model.onnx</c> where there are several; null when neither is there.</summary>
    public string? EntryPath
    {
        get
        {
            var models = Files.Where(f => f.Path.EndsWith(".onnx", StringComparison.OrdinalIgnoreCase)).ToList();
            return models.Count == 1 ? models[0].Path : models.Find(f => string.Equals(f.Path, "model.onnx", StringComparison.Ordinal))?.Path;
        }
    }
}
