using System.Collections.Concurrent;
using System.Collections.ObjectModel;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;

namespace ModelFlow.Serving.Repository;

/// <summary>The versions of this server: loads, finds and unloads them. One load or unload of a version runs at a time.</summary>
internal sealed class ModelRepository(
    IOptions<ServingOptions> options, ModelCache cache, LoadedIndex index, ModelFiles files, ModelPreparation preparation, ServingMetrics metrics, TimeProvider time, ILogger<ModelRepository> logger)
    : IAsyncDisposable
{
    // A model that ended the process this often while it was loading is refused.
    private const int MaxUnfinishedLoads = 3;

    private readonly ServingOptions _options = options.Value;
    private readonly ConcurrentDictionary<(string Model, string Version), LoadedVersion> _loaded = [];
    private readonly ConcurrentDictionary<(ModelName Model, VersionName Version), Slot> _slots = [];
    private int _count;

    /// <summary>Every version that this process was asked about, in order.</summary>
    public IReadOnlyList<Listing> List() =>
        [.. _slots.OrderBy(s => s.Key.Model).ThenBy(s => s.Key.Version).Select(s => new Listing(s.Key.Model, s.Key.Version, s.Value.Now.State, s.Value.Now.Reason, Find(s.Key.Model.Value, s.Key.Version.Value)))];

    /// <summary>The versions that answer requests.</summary>
    public IEnumerable<LoadedVersion> Loaded => _loaded.Select(v => v.Value);

    /// <summary>The loaded versions of one model.</summary>
    public IEnumerable<VersionName> VersionsOf(ModelName model) => Loaded.Where(v => v.Model == model).Select(v => v.Version).Order();

    /// <summary>A version that answers requests, or null.</summary>
    public LoadedVersion? Find(string model, string version) => _loaded.GetValueOrDefault((model, version));

    /// <summary>Loads a version; one that is loaded already answers at once.</summary>
    public async Task<LoadOutcome> LoadAsync(ModelName model, VersionName version, LoadRequest request, CancellationToken cancellationToken)
    {
        if (request.Files.EntryPath is null)
        {
            return new LoadOutcome.Refused("load", "There is no file to open: one .onnx or .gguf file is needed, or one with the path 'model.onnx' or 'model.gguf' among several.");
        }

        var slot = _slots.GetOrAdd((model, version), static _ => new Slot());
        await slot.Gate.WaitAsync(cancellationToken);
        try
        {
            if (Find(model.Value, version.Value) is { } loaded)
            {
                return loaded.Files.Digest == request.Files.Digest
                    ? new LoadOutcome.Ready(loaded)
                    : new LoadOutcome.Conflict($"{model} {version} is loaded with other bytes; a version's bytes never change. Unload it first if they were wrong.");
            }

            if (index.UnfinishedLoads(model, version, request.Files) >= MaxUnfinishedLoads)
            {
                return slot.Fail(new LoadOutcome.Refused("load", $"The server ended {MaxUnfinishedLoads} times while it loaded these bytes; it does not try again. Unload the version to make it forget this."));
            }

            return await LoadNewAsync(slot, model, version, request, cancellationToken);
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Loads again what was loaded when the last process ended, from the files on disk.</summary>
    public async Task ReloadAsync(LoadedIndex.Entry entry, CancellationToken cancellationToken)
    {
        var request = new LoadRequest(new FileSet(entry.Files), ReadOnlyDictionary<string, Uri>.Empty);
        var outcome = await LoadAsync(entry.Model, entry.Version, request, cancellationToken);
        if (outcome is not LoadOutcome.Ready)
        {
            Log.ReloadFailed(logger, entry.Model, entry.Version, outcome.ToString());
        }
    }

    /// <summary>Unloads a version after the requests in flight; false when it was not loaded. Once begun it goes through.</summary>
    public async Task<bool> UnloadAsync(ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        if (!_slots.TryGetValue((model, version), out var slot))
        {
            index.Remove(model, version);
            return false;
        }

        await slot.Gate.WaitAsync(cancellationToken);
        try
        {
            index.Remove(model, version);
            if (!_loaded.TryRemove((model.Value, version.Value), out var loaded))
            {
                slot.Set(SlotState.Unavailable, "unloaded");
                return false;
            }

            slot.Set(SlotState.Unloading, "");
            var began = time.GetTimestamp();
            await loaded.CloseAsync(_options.DrainTimeout, time);
            Interlocked.Decrement(ref _count);
            ProcessMemory.GiveBack();
            slot.Set(SlotState.Unavailable, "unloaded");
            Log.Unloaded(logger, model, version, time.GetElapsedTime(began).TotalMilliseconds);
            return true;
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    /// <summary>Ends runs in flight and frees every model. A run that does not end keeps its model: the process is about to end.</summary>
    public async ValueTask DisposeAsync()
    {
        var closing = Task.WhenAll(_loaded.Values.Select(loaded => loaded.CloseAsync(TimeSpan.Zero, time)));
        await Task.WhenAny(closing, Task.Delay(TimeSpan.FromSeconds(5), time));
    }

    private async Task<LoadOutcome> LoadNewAsync(Slot slot, ModelName model, VersionName version, LoadRequest request, CancellationToken cancellationToken)
    {
        slot.Set(SlotState.Loading, "");
        ModelCache.Lease? lease = null;
        LoadedVersion? loaded = null;
        try
        {
            if (Interlocked.Increment(ref _count) > _options.MaxVersions)
            {
                return slot.Fail(new LoadOutcome.NoRoom($"{_options.MaxVersions} versions are loaded, the most this server takes (Serving:MaxVersions): unload one."));
            }

            lease = cache.TryHold(request.Files, out var full);
            if (lease is null)
            {
                return slot.Fail(new LoadOutcome.NoRoom(full!));
            }

            var began = time.GetTimestamp();
            await files.FetchAsync(request, lease, cancellationToken);
            index.Begin(model, version, request.Files);
            var path = lease.PathOf(request.Files.EntryPath!);
            var (prepared, memory) = request.Files.IsText
                ? (new OpenedModel(null, await preparation.StartEngineAsync(path, $"{model}/{version}", cancellationToken)), 0)
                : await preparation.RunAsync(path, cancellationToken);
            var opened = Open(model, version, request.Files, prepared, lease, began, memory);
            lease = null;
            try
            {
                index.Finish(model, version, request.Files);
                loaded = opened;
            }
            finally
            {
                if (loaded is null)
                {
                    await opened.DisposeAsync();
                }
            }

            _loaded[(model.Value, version.Value)] = loaded;
            slot.Set(SlotState.Ready, "");
            metrics.Loaded(model, version, loaded.LoadTime);
            Log.Loaded(logger, model, version, request.Files.TotalBytes, loaded.LoadTime.TotalMilliseconds, memory);
            return new LoadOutcome.Ready(loaded);
        }
        catch (UnloadableModelException e)
        {
            return Refuse(slot, model, version, lease, new LoadOutcome.Refused("load", $"{model} {version} cannot be served: {e.Message}"));
        }
        catch (WrongBytesException e)
        {
            return Refuse(slot, model, version, lease, new LoadOutcome.Refused("digest", $"{model} {version} is not what its manifest says: {e.Message}"));
        }
        catch (EngineMissingException e)
        {
            return slot.Fail(new LoadOutcome.NotFetched($"{model} {version} cannot be served now: {e.Message}"));
        }
        catch (DownloadException e)
        {
            return slot.Fail(new LoadOutcome.NotFetched($"{model} {version} cannot be fetched: {e.Message}"));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The disk: full, or not to be written. The files are not the reason, and neither is the store.
            Log.DiskFailed(logger, model, version, e);
            return slot.Fail(new LoadOutcome.NoRoom($"{model} {version} cannot be kept on the server's disk: {e.Message}"));
        }
        catch (Exception e)
        {
            slot.Set(SlotState.Unavailable, e is OperationCanceledException ? "the load was cancelled" : "the load failed inside the server");
            throw;
        }
        finally
        {
            if (loaded is null)
            {
                Interlocked.Decrement(ref _count);
                index.End(model, version);
                lease?.Dispose();
            }
        }
    }

    private LoadedVersion Open(ModelName model, VersionName version, FileSet set, OpenedModel opened, ModelCache.Lease lease, long began, long memory)
    {
        var concurrency = _options.Concurrency > 0 ? _options.Concurrency : Environment.ProcessorCount;
        return new LoadedVersion(model, version, opened, set, lease, new Turns(concurrency, _options.QueueLength))
        {
            LoadTime = time.GetElapsedTime(began),
            LoadedAt = time.GetUtcNow(),
            MemoryBytes = memory,
        };
    }

    private LoadOutcome.Refused Refuse(Slot slot, ModelName model, VersionName version, ModelCache.Lease? lease, LoadOutcome.Refused refused)
    {
        index.Remove(model, version);
        lease?.Forget = true;
        Log.LoadRefused(logger, model, version, refused.Message);
        slot.Set(SlotState.Unavailable, refused.Message);
        return refused;
    }
}
