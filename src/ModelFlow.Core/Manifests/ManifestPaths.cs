using ModelFlow.Core.Documents;

namespace ModelFlow.Core.Manifests;

/// <summary>
/// Watches the paths of one manifest: no two may be one on a file system that ignores letter case,
/// and none may be a file where another needs a folder.
/// </summary>
internal sealed class ManifestPaths(Findings findings)
{
    private readonly Dictionary<string, string> _files = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, string> _folders = new(StringComparer.OrdinalIgnoreCase);

    /// <summary>Takes a path that was checked (or a placeholder, which is passed over) and the field it stands in.</summary>
    public void Add(string? path, string field)
    {
        if (string.IsNullOrEmpty(path))
        {
            return;
        }

        if (!_files.TryAdd(path, field))
        {
            findings.Add(field, $"The path '{path}' is also that of {_files[path]} (letter case does not count); each file needs its own.");
        }

        if (_folders.TryGetValue(path, out var below))
        {
            findings.Add(field, $"The path '{path}' is a file here and a folder in {below}.");
        }

        for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
        {
            var folder = path[..slash];
            _folders.TryAdd(folder, field);
            if (_files.TryGetValue(folder, out var file))
            {
                findings.Add(field, $"The folder '{folder}' is a file in {file}.");
            }
        }
    }
}
