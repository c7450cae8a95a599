using System.Text.Json;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Control;

/// <summary>
/// Takes routes into use and keeps them on disk, so that a gateway that starts without a control plane serves the last good ones.
/// A file is replaced whole or not at all. Leases in it end by the wall clock.
/// </summary>
internal sealed class RouteKeeper(RouteBook book, IOptions<GatewayOptions> options, ILogger<RouteKeeper> logger) : IDisposable
{
    private readonly SemaphoreSlim _writing = new(1);
    private readonly string _path = Path.Combine(options.Value.DataDirectory, "routes.json");
    private int _changes;
    private int _written;

    /// <summary>Reads the routes of the last run. A file that cannot be read is left alone and logged.</summary>
    public void Load()
    {
        if (!File.Exists(_path))
        {
            return;
        }

        try
        {
            var kept = JsonSerializer.Deserialize<GatewayRoutes>(File.ReadAllBytes(_path), CoreJson.Options);
            foreach (var served in kept?.Routes ?? [])
            {
                book.TakeOurs(served);
                logger.RouteKept(served.Route.Model, served.Route.Generation);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            logger.KeptRoutesUnreadable(_path, e);
        }
    }

    /// <summary>Takes a route into use: at once for requests, and on disk before this returns.</summary>
    /// <exception cref="ArgumentException">The route contradicts itself; nothing changed.</exception>
    public async Task<TakeRoute> TakeAsync(ServedRoute served, DateTimeOffset? theirNow, DateTimeOffset ourNow)
    {
        var taken = book.Take(served, theirNow, ourNow);
        switch (taken)
        {
            case TakeRoute.Switched:
                logger.RouteSwitched(served.Route.Model, served.Route.Generation, served.Route.Cause);
                break;
            case TakeRoute.Older:
                logger.RouteOlder(served.Route.Model, served.Route.Generation);
                break;
        }

        if (taken is TakeRoute.Switched or TakeRoute.Renewed)
        {
            await SaveAsync(Interlocked.Increment(ref _changes));
        }

        return taken;
    }

    public void Dispose() => _writing.Dispose();

    private async Task SaveAsync(int change)
    {
        await _writing.WaitAsync(CancellationToken.None);
        try
        {
            if (_written >= change)
            {
                return;
            }

            var changes = Volatile.Read(ref _changes);
            var bytes = JsonSerializer.SerializeToUtf8Bytes(new GatewayRoutes([.. book.All.Select(r => r.Table.Served)]), CoreJson.Options);
            await WriteAsync(bytes);
            _written = changes;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The route is in use all the same: a full disk must not stop a rollback.
            logger.KeepingFailed(_path, e);
        }
        finally
        {
            _writing.Release();
        }
    }

    private async Task WriteAsync(byte[] bytes)
    {
        Directory.CreateDirectory(options.Value.DataDirectory);
        var temporary = _path + ".new";
        await using (var file = new FileStream(temporary, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            await file.WriteAsync(bytes, CancellationToken.None);
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, _path, overwrite: true);
    }
}
