using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.Api;

/// <summary>Limits of the HTTP API; configuration section <c>Api</c>.</summary>
public sealed class ApiOptions
{
    /// <summary>The most bytes of a JSON body, 1 KiB to 16 MiB; 1 MiB by default.</summary>
    [Range(1024, 16 << 20)]
    public int MaxJsonBytes { get; set; } = 1 << 20;

    /// <summary>The most bytes of a policy's YAML, 1 KiB to 4 MiB; 256 KiB by default.</summary>
    [Range(1024, 4 << 20)]
    public int MaxYamlBytes { get; set; } = 256 << 10;

    /// <summary>The most bytes of a data set, 1 KiB to 1 TiB; 10 GiB by default.</summary>
    [Range(1024, 1L << 40)]
    public long MaxDatasetBytes { get; set; } = 10L << 30;

    /// <summary>For how long a looked-up token is trusted before it is looked up again, in milliseconds, 0 to 5,000; 3,000 by default. A revocation made by another host takes at most this long.</summary>
    [Range(0, 5_000)]
    public int TokenCacheMs { get; set; } = 3_000;

    /// <summary>After how long a browser's session ends, in hours, 1 to 168; 12 by default.</summary>
    [Range(1, 168)]
    public int SessionHours { get; set; } = 12;

    /// <summary>How many failed authentications an address may have at once, 1 to 10,000; 30 by default. Further ones are answered with 429.</summary>
    [Range(1, 10_000)]
    public int FailedAuthenticationBurst { get; set; } = 30;

    /// <summary>How many failed authentications an address earns back a second, 0.01 to 1,000; 0.5 by default.</summary>
    [Range(0.01, 1_000)]
    public double FailedAuthenticationsPerSecond { get; set; } = 0.5;

    /// <summary>How many requests an identity may send at once, 1 to 100,000; 200 by default. Further ones are answered with 429; gateways are let pass.</summary>
    [Range(1, 100_000)]
    public int RequestBurst { get; set; } = 200;

    /// <summary>How many requests an identity earns back a second, 0.1 to 100,000; 100 by default. Each instance of a host counts for itself.</summary>
    [Range(0.1, 100_000)]
    public double RequestsPerSecond { get; set; } = 100;

    /// <summary>How long a held request for events, or a stream of them, waits before it looks again, in milliseconds, 20 to 10,000; 250 by default. Grows up to four times while nothing happens.</summary>
    [Range(20, 10_000)]
    public int EventPollMs { get; set; } = 250;

    /// <summary>After how long a stream of events ends, for its client to come again, in seconds, 1 to 220; 180 by default. Azure ends every answer after 230.</summary>
    [Range(1, 220)]
    public int EventStreamSeconds { get; set; } = 180;

    /// <summary>After how long of silence a stream of events gets a comment that keeps its connection, in seconds, 1 to 60; 15 by default.</summary>
    [Range(1, 60)]
    public int EventKeepAliveSeconds { get; set; } = 15;

    /// <summary>How many streams of events this host holds at once, 1 to 10,000; 100 by default. Further ones are answered with 503.</summary>
    [Range(1, 10_000)]
    public int MaxEventStreams { get; set; } = 100;
}

/// <summary>Checks <see cref="ApiOptions"/> at start.</summary>
[OptionsValidator]
public sealed partial class ApiOptionsValidator : IValidateOptions<ApiOptions>;
