using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Routes;

/// <summary>Turns: a row beside the model's route.</summary>
internal sealed class TableRampTurns(StorageClients clients) : IRampTurns
{
    private const string ReleaseProperty = "release";
    private const string TakenAtProperty = "takenAt";
    private const int MaxTries = 20;

    private readonly Table _table = clients.Table(StorageNames.RoutesTable);

    public async Task<ReleaseId> TakeAsync(ReleaseId release, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var row = new TableEntity(release.Model.Value, RouteRows.TurnKey) { [ReleaseProperty] = release.ToString(), [TakenAtProperty] = now };
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var write = await _table.WriteAsync([new(TableTransactionActionType.Add, row)], cancellationToken);
            if (write is TableWrite.Applied)
            {
                return release;
            }

            if (await GetAsync(release.Model, cancellationToken) is { } holder)
            {
                return holder;
            }

            if (write is TableWrite.Uncertain uncertain)
            {
                throw uncertain.Error;
            }
        }

        throw new StorageException($"The turn of {release.Model} is taken and returned by too many at a time.") { IsTransient = true };
    }

    public async Task<ReleaseId?> GetAsync(ModelName model, CancellationToken cancellationToken) =>
        await _table.FindAsync(model.Value, RouteRows.TurnKey, cancellationToken) is { } row ? ReleaseId.Parse(row.GetString(ReleaseProperty)) : null;

    public async Task ReturnAsync(ReleaseId release, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < MaxTries; tries++)
        {
            var row = await _table.FindAsync(release.Model.Value, RouteRows.TurnKey, cancellationToken);
            if (row is null || !string.Equals(row.GetString(ReleaseProperty), release.ToString(), StringComparison.Ordinal))
            {
                return;
            }

            // Refused, or no answer: it may be returned, and somebody else may have taken it.
            var write = await _table.WriteAsync([new(TableTransactionActionType.Delete, row, row.ETag)], cancellationToken);
            if (write is TableWrite.Applied)
            {
                return;
            }
        }

        throw new StorageException($"The turn of {release.Model} could not be returned.") { IsTransient = true };
    }
}
