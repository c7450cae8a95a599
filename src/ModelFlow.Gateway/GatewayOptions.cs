using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.Gateway;

/// <summary>How a gateway runs: the configuration section <c>Gateway</c>.</summary>
public sealed class GatewayOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Gateway";

    /// <summary>The gateway's identity in reports: a name of its own that survives restarts. Lower-case letters, digits and '-'.</summary>
    [Required]
    [RegularExpression("^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", ErrorMessage = "Gateway:Name must be 1 to 63 lower-case letters, digits and '-'.")]
    public string Name { get; set; } = "";

    /// <summary>Where clients are served, for example <c>http://0.0.0.0:8080</c>; several with ';'. Loopback by default; port 0 takes a free one.</summary>
    [Required]
    public string Listen { get; set; } = "http://127.0.0.1:7610";

    /// <summary>Where the control plane pushes routes to; null for the same as <see cref="Listen"/>. If set, no other address takes pushes.</summary>
    public string? ControlListen { get; set; }

    /// <summary>How the control plane reaches this gateway, if not by the address it listens on.</summary>
    public Uri? ControlAddress { get; set; }

    /// <summary>What pushes are signed with, at least 16 characters; null refuses pushes, and only polling brings routes.</summary>
    [MinLength(16)]
    public string? ControlSecret { get; set; }

    /// <summary>The control plane's base address; null to serve only what is pushed or on disk.</summary>
    public Uri? ControlPlane { get; set; }

    /// <summary>The bearer token for the control plane, with the role <c>gateway</c>.</summary>
    public string? ControlPlaneToken { get; set; }

    /// <summary>Where the last good routes and the signing key are kept.</summary>
    [Required]
    public string DataDirectory { get; set; } = "data/gateway";

    /// <summary>Serves clients without a key. False by default.</summary>
    public bool Anonymous { get; set; }

    /// <summary>Lets clients without a key pin a version. False by default.</summary>
    public bool AnonymousMayPin { get; set; }

    /// <summary>The clients' keys, as hashes.</summary>
    [ValidateEnumeratedItems]
    public IList<ClientKeyOptions> ClientKeys { get; } = [];

    /// <summary>The key of request ids, base64, at least 32 bytes; null to make one and keep it in <see cref="DataDirectory"/>.</summary>
    public string? SigningKey { get; set; }

    /// <summary>How long a window is and how often a report is sent. 100 ms to 1 minute; 1 second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan ReportEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How many windows are kept while the control plane is away; the oldest are dropped first. 1 to 100,000; 600 by default.</summary>
    [Range(1, 100_000)]
    public int Backlog { get; set; } = 600;

    /// <summary>How often routes are polled. 100 ms to 5 minutes; 2 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:05:00")]
    public TimeSpan PollEvery { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a model server may be silent, before its answer or within it. 10 ms to 1 hour; 1 minute by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan UpstreamTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long connecting to a model server may take. 10 ms to 1 minute; 2 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "00:01:00")]
    public TimeSpan ConnectTimeout { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>The largest request body in bytes. 1 to 2 GiB; 16 MiB by default.</summary>
    [Range(1, int.MaxValue)]
    public int MaxBodyBytes { get; set; } = 16 * 1024 * 1024;

    /// <summary>
    /// Whether a request whose candidate took no connection, on any replica, is sent to stable instead. True by default: nothing of the request
    /// was sent, so nothing happens twice. The candidate is charged with the error all the same.
    /// </summary>
    public bool RetryOnStable { get; set; } = true;

    /// <summary>When a replica is left out.</summary>
    [ValidateObjectMembers]
    public HealthOptions Health { get; set; } = new();

    /// <summary>Which marks users may give.</summary>
    [ValidateObjectMembers]
    public FeedbackOptions Feedback { get; set; } = new();

    /// <summary>How much is taken at once.</summary>
    [ValidateObjectMembers]
    public LimitOptions Limits { get; set; } = new();

    /// <summary>What monitoring is told.</summary>
    [ValidateObjectMembers]
    public TelemetryOptions Telemetry { get; set; } = new();

    /// <summary>How requests are mirrored.</summary>
    [ValidateObjectMembers]
    public ShadowOptions Shadow { get; set; } = new();
}

/// <summary>A client's key.</summary>
public sealed class ClientKeyOptions
{
    /// <summary>The client's name.</summary>
    public string Name { get; set; } = "";

    /// <summary>SHA-256 of the key: <c>sha256:</c> and 64 hexadecimal digits.</summary>
    public string Sha256 { get; set; } = "";

    /// <summary>Whether it may pin a version with <c>x-modelflow-version</c>. False by default.</summary>
    public bool MayPin { get; set; }

    /// <summary>What it may; null for <c>Gateway:Limits:Client</c>.</summary>
    [ValidateObjectMembers]
    public ClientLimitOptions? Limits { get; set; }
}
