using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Routes;

/// <summary>
/// The rows of a model's partition of <c>Routes</c>: <c>current</c> and <c>lease</c> lie together and are read at once,
/// then <c>route:{generation}</c>, newest first, and <c>turn</c>.
/// </summary>
internal static class RouteRows
{
    public const string CurrentKey = "current";
    public const string LeaseKey = "lease";
    public const string ReadBefore = "lease~";
    public const string HistoryFrom = "route:";
    public const string HistoryBefore = "route;";
    public const string TurnKey = "turn";

    private const string GenerationProperty = "generation";
    private const string UntilProperty = "until";

    public static string HistoryKey(long generation) => HistoryFrom + Keys.Falling(generation);

    public static TableEntity Current(Route route, RowVersion? read, string writer)
    {
        var row = Documents.Route.Write(new TableEntity(route.Model.Value, CurrentKey), route);
        RowVersion.Sign(row, read, writer);
        return row;
    }

    public static TableEntity Past(Route route) => Documents.Route.Write(new TableEntity(route.Model.Value, HistoryKey(route.Generation)), route);

    public static TableEntity Lease(ModelName model, long generation, DateTimeOffset? until)
    {
        var row = new TableEntity(model.Value, LeaseKey) { [GenerationProperty] = generation };
        if (until is { } time)
        {
            row[UntilProperty] = time;
        }

        return row;
    }

    public static Route ReadRoute(TableEntity row) => Documents.Route.Read(row);

    public static long LeaseGeneration(TableEntity lease) => lease.GetInt64(GenerationProperty) ?? 0;

    public static DateTimeOffset? LeaseUntil(TableEntity lease) => lease.GetDateTimeOffset(UntilProperty);

    public static CurrentRoute Read(TableEntity current, TableEntity? lease)
    {
        var route = ReadRoute(current);
        var until = lease is not null && LeaseGeneration(lease) == route.Generation ? LeaseUntil(lease) : null;
        return new CurrentRoute(route, until, RowVersion.Of(current).Token);
    }
}
