using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Options;
using ModelFlow.EngineProcess;

namespace ModelFlow.Serving;

/// <summary>How the model server runs; configuration section <c>Serving</c> (environment: <c>Serving__Port</c>, …). Checked at start.</summary>
public sealed class ServingOptions : IValidatableObject
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Serving";

    /// <summary>The IP address to listen on, or <c>localhost</c>. Default <c>127.0.0.1</c>; inference is not authenticated, so name another one only on a private network.</summary>
    [Required(ErrorMessage = "Serving:Address is needed: an IP address or 'localhost'.")]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>The TCP port, 0 to 65,535; 0 (default) takes a free one, which the first line on standard output names.</summary>
    [Range(0, 65_535)]
    public int Port { get; set; }

    /// <summary>Where model files and the list of loaded versions are kept; one server at a time may use it. Needed.</summary>
    [Required(ErrorMessage = "Serving:DataDirectory is needed: a folder for model files, of this server alone.")]
    public string DataDirectory { get; set; } = "";

    /// <summary>What callers of <c>/v2/repository/…</c> send as <c>Authorization: Bearer …</c>; 16 to 512 characters. Needed; never logged.</summary>
    [Required(ErrorMessage = "Serving:ControlSecret is needed: 16 to 512 characters that callers of /v2/repository send as a bearer token (environment: Serving__ControlSecret).")]
    [StringLength(512, MinimumLength = 16, ErrorMessage = "Serving:ControlSecret has fewer than 16 or more than 512 characters.")]
    public string ControlSecret { get; set; } = "";

    /// <summary>The most bytes of model files kept on disk, loaded or not; files not in use leave first, the longest unused before others. 1 MiB to 16 TiB; default 20 GiB.</summary>
    [Range(1L << 20, 1L << 44)]
    public long CacheBytes { get; set; } = 20L << 30;

    /// <summary>The most versions loaded at once, 1 to 1,000; default 64.</summary>
    [Range(1, 1_000)]
    public int MaxVersions { get; set; } = 64;

    /// <summary>The most bytes of an inference request's body, 1 KiB to 2 GiB; default 64 MiB. A longer one is answered with 413.</summary>
    [Range(1_024, int.MaxValue)]
    public int MaxRequestBytes { get; set; } = 64 << 20;

    /// <summary>The most bytes of an inference answer, 1 KiB to 2 GiB; default 128 MiB. A longer one is answered with 500.</summary>
    [Range(1_024, int.MaxValue)]
    public int MaxResponseBytes { get; set; } = 128 << 20;

    /// <summary>Requests of one version that compute at the same time, 1 to 1,024; 0 (default) is one per processor.</summary>
    [Range(0, 1_024)]
    public int Concurrency { get; set; }

    /// <summary>Requests of one version that may wait for their turn, 0 to 100,000; default 64. One more is answered with 503 and <c>Retry-After</c>.</summary>
    [Range(0, 100_000)]
    public int QueueLength { get; set; } = 64;

    /// <summary>Threads that one run uses inside an operator, 1 to 256; default 1: many small requests share the processors better so.</summary>
    [Range(1, 256)]
    public int IntraOpThreads { get; set; } = 1;

    /// <summary>Whether ONNX Runtime keeps freed tensor memory for the next run (faster, larger). Default true.</summary>
    public bool MemoryArena { get; set; } = true;

    /// <summary>
    /// The engine for language models: the program and its arguments, with <c>{model}</c>, <c>{name}</c>, <c>{port}</c> and <c>{threads}</c> to
    /// be filled in (<c>Serving__Engine__0</c>, …); ModelFlow's own when empty, the default.
    /// </summary>
    public IList<string> Engine { get; set; } = [];

    /// <summary>Threads an engine may use, 1 to 256; 0 (default) is one per processor.</summary>
    [Range(0, 256)]
    public int EngineThreads { get; set; }

    /// <summary>How long a load may take in the native runtime, after the download: 1 s to 1 h; default 5 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan SessionTimeout { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>A download that brings no byte for this long is tried again: 1 s to 10 minutes; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:10:00")]
    public TimeSpan DownloadStallTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How often one file's download is tried, 1 to 20; default 4.</summary>
    [Range(1, 20)]
    public int DownloadAttempts { get; set; } = 4;

    /// <summary>How long an unload waits for requests in flight before it ends their runs: 0 to 1 h; default 30 s.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan DrainTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>The engine's command line; null for ModelFlow's own.</summary>
    internal EngineCommand? EngineCommand => Engine.Count > 0 && EngineProcess.EngineCommand.TryParse([.. Engine], out var command, out _) ? command : null;

    /// <summary>The address to listen on; loopback for <c>localhost</c>.</summary>
    internal IPAddress ListenAddress => IPAddress.TryParse(Address, out var address) ? address : IPAddress.Loopback;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IPAddress.TryParse(Address, out _) && !string.Equals(Address, "localhost", StringComparison.OrdinalIgnoreCase))
        {
            yield return new ValidationResult($"Serving:Address is '{Address}'; an IP address or 'localhost' is needed.", [nameof(Address)]);
        }

        if (Engine.Count > 0 && !EngineProcess.EngineCommand.TryParse([.. Engine], out _, out var error))
        {
            yield return new ValidationResult($"Serving:Engine: {error}.", [nameof(Engine)]);
        }
    }
}

/// <summary>Checks <see cref="ServingOptions"/> by their annotations.</summary>
[OptionsValidator]
internal sealed partial class ServingOptionsValidator : IValidateOptions<ServingOptions>;
