using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Gateway;

/// <summary>How much is taken at once: the configuration section <c>Gateway:Limits</c>. Nothing waits in a queue: what is too much is refused at once.</summary>
public sealed class LimitOptions
{
    /// <summary>All headers of a request together, in bytes. 1 KiB to 1 MiB; 32 KiB by default.</summary>
    [Range(1_024, 1_048_576)]
    public int HeaderBytes { get; set; } = 32 * 1024;

    /// <summary>How many headers a request may have. 10 to 1,000; 100 by default.</summary>
    [Range(10, 1_000)]
    public int Headers { get; set; } = 100;

    /// <summary>Requests to models under way at once. 0 for no limit; 10,000 by default.</summary>
    [Range(0, 1_000_000)]
    public int Concurrent { get; set; } = 10_000;

    /// <summary>The same for each version. 0, the default, for no limit of its own.</summary>
    [Range(0, 1_000_000)]
    public int ConcurrentPerVersion { get; set; }

    /// <summary>What each client may, unless its key says otherwise; all without a key are one client.</summary>
    [Microsoft.Extensions.Options.ValidateObjectMembers]
    public ClientLimitOptions Client { get; set; } = new();
}

/// <summary>What one client may.</summary>
public sealed class ClientLimitOptions
{
    /// <summary>Requests per second in the long run. 0, the default, for no limit.</summary>
    [Range(0, 1_000_000)]
    public int RequestsPerSecond { get; set; }

    /// <summary>Requests at once after a pause. 0, the default, for as many as <see cref="RequestsPerSecond"/>.</summary>
    [Range(0, 1_000_000)]
    public int Burst { get; set; }

    /// <summary>Requests under way at once. 0, the default, for no limit.</summary>
    [Range(0, 1_000_000)]
    public int Concurrent { get; set; }
}
