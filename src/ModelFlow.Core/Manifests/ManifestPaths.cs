using ModelFlow.Core.Documents;

namespace ModelFlow.Core.Manifests;

/// <summary>
/// Watches the paths of one version: no two may be one on a file system that ignores letter case,
/// and none may be a file where another needs a folder. Holds nothing but the paths: a hostile list of deep ones costs time, not memory.
/// </summary>
internal sealed class ManifestPaths(Findings findings)
{
    private readonly Dictionary<string, int> _places = new(StringComparer.OrdinalIgnoreCase);
    private readonly List<(string Path, string Field)> _added = [];

    /// <summary>Takes a path that was checked (or a placeholder, which is passed over) and the field it stands in.</summary>
    public void Add(string? path, string field)
    {
        if (string.IsNullOrEmpty(path))
        {
            return;
        }

        _added.Add((path, field));
        if (!_places.TryAdd(path, _added.Count - 1))
        {
            findings.Add(field, $"The path '{path}' is also that of {_added[_places[path]].Field} (letter case does not count); each file needs its own.");
        }
    }

    /// <summary>After the last path: looks for files that lie where others need a folder, and names the later of the two.</summary>
    public void Complete()
    {
        var places = _places.GetAlternateLookup<ReadOnlySpan<char>>();
        for (var i = 0; i < _added.Count && !findings.Full; i++)
        {
            var (path, field) = _added[i];
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash >= 0; slash = path.IndexOf('/', slash + 1))
            {
                if (!places.TryGetValue(path.AsSpan(0, slash), out var file))
                {
                    continue;
                }

                if (file < i)
                {
                    findings.Add(field, $"The folder '{path[..slash]}' is a file in {_added[file].Field}.");
                }
                else
                {
                    findings.Add(_added[file].Field, $"The path '{_added[file].Path}' is a file here and a folder in {field}.");
                }
            }
        }
    }
}
