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

    public static string Partition(ModelName model, long generation) => string.Create(CultureInfo.InvariantCulture, $"{model}:{generation}");

    /// <summary>The first key of windows that began at or after a time.</summary>
    public static string From(DateTimeOffset start) => start.UtcTicks.ToString("D19", CultureInfo.InvariantCulture);

    public static TableEntity Window(TrafficWindow window) => Documents.Window.Write(
        new TableEntity(
            Partition(window.Model, window.Generation),
            string.Create(CultureInfo.InvariantCulture, $"{From(window.Start)}:{Keys.Escape(window.Gateway)}:{window.Number}")),
        window);

    public static TrafficWindow ReadWindow(TableEntity row) => Documents.Window.Read(row);

    public static TableEntity Heartbeat(GatewayHeartbeat heartbeat, DateTimeOffset now)
    {
        var row = Documents.Heartbeat.Write(new TableEntity(GatewaysPartition, Keys.Escape(heartbeat.Gateway)), heartbeat);
        row[SeenAt] = now;
        return row;
    }

    public static GatewayHeartbeat ReadHeartbeat(TableEntity row) => Documents.Heartbeat.Read(row);
}
