namespace ModelFlow.Storage;

/// <summary>The names of containers and tables, before the prefix.</summary>
internal static class StorageNames
{
    public const string Incoming = "incoming";
    public const string Models = "models";
    public const string Quarantine = "quarantine";
    public const string Datasets = "datasets";
    public const string Reports = "reports";
    public const string Archive = "archive";
    public const string Policies = "policies";
    public const string Audit = "audit";

    public const string ReleasesTable = "Releases";
    public const string ModelsTable = "Models";
    public const string VersionsTable = "Versions";
    public const string DeploymentsTable = "Deployments";
    public const string RoutesTable = "Routes";
    public const string TokensTable = "Tokens";
    public const string TrafficWindowsTable = "TrafficWindows";
    public const string ListsTable = "Lists";
    public const string AuditTable = "Audit";
    public const string NotificationsTable = "Notifications";

    public static IReadOnlyList<string> Containers { get; } = [Incoming, Models, Quarantine, Datasets, Reports, Archive, Policies, Audit];

    public static IReadOnlyList<string> Tables { get; } =
        [ReleasesTable, ModelsTable, VersionsTable, DeploymentsTable, RoutesTable, TokensTable, TrafficWindowsTable, ListsTable, AuditTable, NotificationsTable];
}
