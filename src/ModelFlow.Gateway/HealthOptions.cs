using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Gateway;

/// <summary>When a replica is left out: the configuration section <c>Gateway:Health</c>.</summary>
public sealed class HealthOptions
{
    /// <summary>How many requests in a row must fail (5xx, broken answer, time-out, no connection) for a replica to be left out. 1 to 1,000,000; 3 by default.</summary>
    [Range(1, 1_000_000)]
    public int FailuresToEject { get; set; } = 3;

    /// <summary>How long it is left out the first time; twice as long each further time. 10 ms to 1 hour; 5 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan EjectFor { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>The longest it is left out. 10 ms to 1 day; 5 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "1.00:00:00")]
    public TimeSpan EjectAtMost { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often each replica is asked whether it is ready, give or take a tenth; 0 to ask none. Up to 1 hour; 10 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan CheckEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How long it may take to say so. 10 ms to 1 minute; 2 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan CheckTimeout { get; set; } = TimeSpan.FromSeconds(2);
}
