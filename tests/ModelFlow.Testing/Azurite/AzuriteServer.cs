namespace ModelFlow.Testing.Azurite;

/// <summary>One running Azurite: a process or a container.</summary>
public abstract class AzuriteServer : IAsyncDisposable
{
    /// <summary>The account that Azurite always has.</summary>
    public const string AccountName = "devstoreaccount1";

    /// <summary>Its key: published, the same everywhere, worth nothing.</summary>
    public const string AccountKey = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    /// <summary>What it runs in, for messages.</summary>
    public abstract string Kind { get; }

    /// <summary>The blob service's address, with the account.</summary>
    public abstract Uri BlobEndpoint { get; }

    /// <summary>The table service's address, with the account.</summary>
    public abstract Uri TableEndpoint { get; }

    /// <summary>For blob and table clients.</summary>
    public string ConnectionString =>
        $"DefaultEndpointsProtocol=http;AccountName={AccountName};AccountKey={AccountKey};BlobEndpoint={BlobEndpoint};TableEndpoint={TableEndpoint};";

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
