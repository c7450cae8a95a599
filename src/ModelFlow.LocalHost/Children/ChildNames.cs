namespace ModelFlow.LocalHost;

/// <summary>The children's names: in logs, in the names of their files, and in the options that set their ports.</summary>
internal static class ChildNames
{
    public const string Azurite = "azurite";
    public const string Serving = "serving";
    public const string Gateway = "gateway";

    /// <summary>In the order in which they end: traffic first, what it stands on last.</summary>
    public static IReadOnlyList<string> EndingOrder { get; } = [Gateway, Serving, Azurite];
}
