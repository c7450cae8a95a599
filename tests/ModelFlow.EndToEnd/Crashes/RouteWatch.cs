using System.Text.Json.Nodes;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>
/// Sees each change of a route when the gateway has written it down: the change has taken effect, and the host that made it does not know
/// yet. Some of the changes get a kill into that moment.
/// </summary>
internal sealed class RouteWatch : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, long> _generations = new(StringComparer.Ordinal);
    private readonly FileSystemWatcher _watcher;
    private readonly RandomKills _kills;
    private readonly Random _random;

    /// <param name="folder">The installation's.</param>
    /// <param name="kills">What is told.</param>
    /// <param name="seed">Decides on which changes.</param>
    public RouteWatch(string folder, RandomKills kills, int seed)
    {
        (_kills, _random) = (kills, new Random(seed));
        _watcher = new FileSystemWatcher(Path.Combine(folder, "gateway"), "routes.json");
        _watcher.Renamed += (_, changed) => Look(changed.FullPath);
        _watcher.EnableRaisingEvents = true;
    }

    /// <inheritdoc/>
    public void Dispose() => _watcher.Dispose();

    private void Look(string path)
    {
        try
        {
            lock (_gate)
            {
                var isNew = false;
                foreach (var route in JsonNode.Parse(File.ReadAllBytes(path))!["routes"]!.AsArray().Select(r => r!["route"]!))
                {
                    var (model, generation) = ((string)route["model"]!, (long)route["generation"]!);
                    isNew |= _generations.GetValueOrDefault(model) < generation;
                    _generations[model] = generation;
                }

                if (isNew && _random.Next(3) == 0)
                {
                    _kills.Provoke(TimeSpan.Zero);
                }
            }
        }
        catch (IOException)
        {
            // Replaced again meanwhile: the next event tells of it.
        }
    }
}
