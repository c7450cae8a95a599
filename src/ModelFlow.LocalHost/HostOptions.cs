using System.ComponentModel.DataAnnotations;

namespace ModelFlow.LocalHost;

/// <summary>
/// How the embedded host runs; configuration section <c>Host</c> (environment: <c>MODELFLOW_Host__Data</c>, …; file: <c>settings.json</c> in the
/// data folder). The command line's options override. Checked at start.
/// </summary>
public sealed class HostOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Host";

    /// <summary>The data folder. <c>.modelflow</c> in the current folder by default.</summary>
    [Required]
    public string Data { get; set; } = ".modelflow";

    /// <summary>
    /// Stand by for the host that runs on the same data folder: take over its work and its children when it dies. Without it a second host on a
    /// folder is refused.
    /// </summary>
    public bool Standby { get; set; }

    /// <summary>A storage of your own as a connection string, for blobs and tables; Azurite is not started then. None by default.</summary>
    public string? Storage { get; set; }

    /// <summary>The API's port on 127.0.0.1, 0 to 65,535. 0: the one chosen before, or any free one. 7600 by default.</summary>
    [Range(0, 65_535)]
    public int ApiPort { get; set; } = 7600;

    /// <summary>The gateway's port on 127.0.0.1, as <see cref="ApiPort"/>. 7601 by default.</summary>
    [Range(0, 65_535)]
    public int GatewayPort { get; set; } = 7601;

    /// <summary>The port on which the gateway is told routes; 0 by default.</summary>
    [Range(0, 65_535)]
    public int GatewayControlPort { get; set; }

    /// <summary>The model server's port; 0 by default.</summary>
    [Range(0, 65_535)]
    public int ServingPort { get; set; }

    /// <summary>The blob service's port; 0 by default.</summary>
    [Range(0, 65_535)]
    public int BlobPort { get; set; }

    /// <summary>The queue service's port; 0 by default.</summary>
    [Range(0, 65_535)]
    public int QueuePort { get; set; }

    /// <summary>The table service's port; 0 by default.</summary>
    [Range(0, 65_535)]
    public int TablePort { get; set; }

    /// <summary>
    /// The engine that serves language models: the program and its arguments, with <c>{model}</c>, <c>{name}</c>, <c>{port}</c> and
    /// <c>{threads}</c> to be filled in; ModelFlow's own when empty, the default. (<c>Evaluation:Engine</c> is the evaluators'.)
    /// </summary>
    public IList<string> Engine { get; init; } = [];

    /// <summary>How often <c>incoming</c> is looked at for new uploads. 100 ms to 1 hour; 1 second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan SweepEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often it is seen whether another host took a request for a running release. 100 ms to 1 minute; 1 second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "00:01:00")]
    public TimeSpan DoorbellEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How often every running release is looked at, rung for or not: what a lost doorbell costs at most. 1 second to 1 hour; 30 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan RecheckEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often what is loaded is compared with what should be. 500 ms to 1 hour; 5 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.500", "01:00:00")]
    public TimeSpan ReconcileEvery { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often routes are pushed to gateways again. 1 second to 1 hour; 10 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan PushEvery { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>How often messages to subscriptions are sent. 100 ms to 1 hour; 1 second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.100", "01:00:00")]
    public TimeSpan SendEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long what gateways counted is kept. 1 day to 10 years; 90 days by default.</summary>
    [Range(typeof(TimeSpan), "1.00:00:00", "3650.00:00:00")]
    public TimeSpan KeepWindows { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How often the retention policy is applied, 1 minute to 30 days; null, the default: only when asked for.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan? RetentionEvery { get; set; }
}
