using System.Globalization;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Traffic;

/// <summary>
/// The rows of <c>TrafficWindows</c>: a partition for each model and generation with a row for each window, oldest first, and one
/// partition with the newest heartbeat of each gateway. A window's key is made of what never changes about it, so writing it again changes nothing.
/// </summary>
internal static class TrafficRows
{
    public const string GatewaysPartition = "gateways";
    public const string SeenAt = "seenAt";

    private static RowDocument<TrafficWindow> Windows { get; } = new("window");

    private static RowDocument<GatewayHeartbeat> Heartbeats { get; } = new("heartbeat");

    public static string Partition(ModelName model, long generation) => string.Create(CultureInfo.InvariantCulture, $"{model}:{generation}");

    /// <summary>The first key of windows that began at or after a time.</summary>
    public static string From(DateTimeOffset start) => start.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);

    public static TableEntity Window(TrafficWindow window) => Windows.Write(
        new TableEntity(
            Partition(window.Model, window.Generation),
            string.Create(CultureInfo.InvariantCulture, $"{From(window.Start)}:{Keys.Escape(window.Gateway)}:{window.Number}")),
        window);

    public static TrafficWindow ReadWindow(TableEntity row) => Windows.Read(row);

    public static TableEntity Heartbeat(GatewayHeartbeat heartbeat, DateTimeOffset now)
    {
        var row = Heartbeats.Write(new TableEntity(GatewaysPartition, Keys.Escape(heartbeat.Gateway)), heartbeat);
        row[SeenAt] = now;
        return row;
    }

    public static GatewayHeartbeat ReadHeartbeat(TableEntity row) => Heartbeats.Read(row);
}
