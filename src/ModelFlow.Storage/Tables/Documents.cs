using ModelFlow.Core.Catalog;
using ModelFlow.Core.Freezes;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Storage.Tables;

/// <summary>
/// Every value that is kept in a row. Adding an optional member to one of them needs nothing here; renaming, removing or changing one needs
/// an upgrade from the shape before, and a sample of that shape among the tests.
/// </summary>
internal static class Documents
{
    // The state's row holds the pending command's result, too.
    public static RowDocument<ReleaseState> State { get; } = new("state") { MaxBytes = 700_000 };

    public static RowDocument<ReleaseEvent> Event { get; } = new("event");

    public static RowDocument<Signal> Signal { get; } = new("signal");

    public static RowDocument<CommandResult> Result { get; } = new("result") { MaxBytes = 250_000 };

    public static RowDocument<ReleaseSummary> Summary { get; } = new("summary");

    public static RowDocument<Route> Route { get; } = new("route");

    public static RowDocument<VersionRecord> Version { get; } = new("version");

    public static RowDocument<GrantedUploads> Grants { get; } = new("grants");

    public static RowDocument<Deployment> Deployment { get; } = new("deployment");

    public static RowDocument<Freeze> Freeze { get; } = new("freeze");

    public static RowDocument<Person> Person { get; } = new("person");

    public static RowDocument<TokenRecord> Token { get; } = new("token");

    public static RowDocument<ChainedAuditEntry> AuditEntry { get; } = new("entry");

    public static RowDocument<CurrentPolicy> Policy { get; } = new("policy");

    public static RowDocument<TrafficWindow> Window { get; } = new("window");

    public static RowDocument<Subscription> Subscription { get; } = new("subscription");

    public static RowDocument<Delivery> Delivery { get; } = new("delivery");

    public static RowDocument<GatewayHeartbeat> Heartbeat { get; } = new("heartbeat");
}

/// <summary>The policy that new releases start under.</summary>
internal sealed record CurrentPolicy(Sha256Digest Digest);

/// <summary>Who was granted a place in <c>incoming</c>: one entry a person.</summary>
internal sealed record GrantedUploads(IReadOnlyList<GrantedUpload> Grants);

/// <summary>One person's grant, and when its last signature ends.</summary>
internal sealed record GrantedUpload(string Uploader, DateTimeOffset Until);
