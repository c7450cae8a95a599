namespace ModelFlow.LocalHost.Folder;

/// <summary>Where everything listens, on 127.0.0.1: the content of <c>addresses.json</c>.</summary>
public sealed record Addresses
{
    /// <summary>The HTTP API.</summary>
    public required Uri Api { get; init; }

    /// <summary>Inference: <c>{gateway}/models/{model}/…</c>.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>Where routes are pushed to the gateway.</summary>
    public required Uri GatewayControl { get; init; }

    /// <summary>The model server.</summary>
    public required Uri Serving { get; init; }

    /// <summary>Azurite's blob service; null with a storage of your own.</summary>
    public Uri? Blob { get; init; }

    /// <summary>Azurite's queue service.</summary>
    public Uri? Queue { get; init; }

    /// <summary>Azurite's table service.</summary>
    public Uri? Table { get; init; }

    /// <summary>The address of a port on this machine.</summary>
    public static Uri Local(int port) => new($"http://127.0.0.1:{port}/");
}

/// <summary>What a person's command line needs: the content of <c>credentials.json</c>.</summary>
public sealed record Credentials
{
    /// <summary>The HTTP API.</summary>
    public required Uri Api { get; init; }

    /// <summary>A token with the role <c>admin</c>, made at the first start.</summary>
    public required string Token { get; init; }

    /// <summary>For Azure's own tools and libraries: a plain upload into <c>incoming</c> needs nothing else.</summary>
    public required string StorageConnectionString { get; init; }

    /// <summary>Inference.</summary>
    public required Uri Gateway { get; init; }

    /// <summary>A client's key for inference, which may also ask for a version by name: <c>Authorization: Bearer …</c>.</summary>
    public required string InferenceKey { get; init; }
}
