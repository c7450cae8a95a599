using System.Text.Json;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Serving.Repository;

/// <summary>
/// The list of versions to load again after a restart, in one file that is replaced as a whole. It also counts loads that
/// were begun and never ended: a model that takes the process down with it is not tried for ever.
/// </summary>
internal sealed class LoadedIndex
{
    private const string Schema = "modelflow/serving-index/v1";

    private readonly string _path;
    private readonly ILogger<LoadedIndex> _logger;
    private readonly Lock _lock = new();
    private readonly Dictionary<(ModelName Model, VersionName Version), Entry> _entries = [];

    /// <summary>Reads the file that an earlier process left; one that cannot be read is set aside.</summary>
    public LoadedIndex(DataDirectory directory, ILogger<LoadedIndex> logger)
    {
        _logger = logger;
        _path = Path.Combine(directory.Root, "loaded.json");
        foreach (var entry in Read())
        {
            _entries[(entry.Model, entry.Version)] = entry;
        }
    }

    /// <summary>Versions that were loaded when the last process ended.</summary>
    public IReadOnlyList<Entry> Loaded
    {
        get
        {
            lock (_lock)
            {
                return [.. _entries.Values.Where(e => e.Loaded)];
            }
        }
    }

    /// <summary>How many loads of these bytes as this version were begun and never ended.</summary>
    public int UnfinishedLoads(ModelName model, VersionName version, FileSet files)
    {
        lock (_lock)
        {
            return _entries.TryGetValue((model, version), out var entry) && new FileSet(entry.Files).Digest == files.Digest ? entry.Unfinished : 0;
        }
    }

    /// <summary>Notes, before the native runtime sees the bytes, that a load begins.</summary>
    public void Begin(ModelName model, VersionName version, FileSet files)
    {
        lock (_lock)
        {
            var loaded = _entries.TryGetValue((model, version), out var entry) && entry.Loaded;
            _entries[(model, version)] = new Entry(model, version, files.Files, loaded, 1 + UnfinishedLoads(model, version, files));
            Save();
        }
    }

    /// <summary>Notes that the version is loaded.</summary>
    public void Finish(ModelName model, VersionName version, FileSet files)
    {
        lock (_lock)
        {
            _entries[(model, version)] = new Entry(model, version, files.Files, Loaded: true, Unfinished: 0);
            Save();
        }
    }

    /// <summary>Notes that a load ended without success and without taking the process with it; what was loaded before stays to be loaded again.</summary>
    public void End(ModelName model, VersionName version)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue((model, version), out var entry) || entry.Unfinished == 0)
            {
                return;
            }

            if (entry.Loaded)
            {
                _entries[(model, version)] = entry with { Unfinished = 0 };
            }
            else
            {
                _entries.Remove((model, version));
            }

            try
            {
                Save();
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // The next change writes it; a crash before that counts one unfinished load too many.
                Log.IndexNotWritten(_logger, e);
            }
        }
    }

    /// <summary>Forgets the version: unloaded, or refused.</summary>
    public void Remove(ModelName model, VersionName version)
    {
        lock (_lock)
        {
            if (_entries.Remove((model, version)))
            {
                Save();
            }
        }
    }

    private IReadOnlyList<Entry> Read()
    {
        if (!File.Exists(_path))
        {
            return [];
        }

        try
        {
            var content = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(_path), CoreJson.Options);
            return string.Equals(content?.Schema, Schema, StringComparison.Ordinal) && content!.Versions is { } versions
                ? versions
                : throw new JsonException($"The schema is not '{Schema}'.");
        }
        catch (JsonException e)
        {
            File.Move(_path, _path + ".bad", overwrite: true);
            Log.IndexUnreadable(_logger, _path + ".bad", e);
            return [];
        }
    }

    private void Save()
    {
        var next = _path + ".new";
        using (var stream = new FileStream(next, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            JsonSerializer.Serialize(stream, new Content(Schema, [.. _entries.Values.OrderBy(e => e.Model).ThenBy(e => e.Version)]), CoreJson.Indented);
            stream.Flush(flushToDisk: true);
        }

        File.Move(next, _path, overwrite: true);
    }

    /// <summary>One version.</summary>
    /// <param name="Model">The model.</param>
    /// <param name="Version">The version.</param>
    /// <param name="Files">Its files.</param>
    /// <param name="Loaded">Whether it is to be loaded after a restart.</param>
    /// <param name="Unfinished">Loads that were begun and never ended.</param>
    internal sealed record Entry(ModelName Model, VersionName Version, IReadOnlyList<ManifestFile> Files, bool Loaded, int Unfinished);

    private sealed record Content(string Schema, IReadOnlyList<Entry> Versions);
}
