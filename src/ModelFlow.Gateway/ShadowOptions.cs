using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Gateway;

/// <summary>How requests are mirrored to a version in the shadow: the configuration section <c>Gateway:Shadow</c>.</summary>
public sealed class ShadowOptions
{
    /// <summary>Mirrored requests under way at once. 1 to 10,000; 16 by default.</summary>
    [Range(1, 10_000)]
    public int Concurrent { get; set; } = 16;

    /// <summary>Copies of requests kept at once, from the request's arrival until its mirrored one has ended; what is beyond is not mirrored. 1 to 100,000; 256 by default.</summary>
    [Range(1, 100_000)]
    public int Pending { get; set; } = 256;

    /// <summary>The largest body that is mirrored, and the largest answer that is compared, in bytes each. 1 KiB to 64 MiB; 256 KiB by default. Copies take at most twice this times <see cref="Pending"/>.</summary>
    [Range(1_024, 64 * 1024 * 1024)]
    public int MaxBytes { get; set; } = 256 * 1024;

    /// <summary>How long a mirrored request may take, or four times as long as stable took for it, whichever is more. 10 ms to 1 hour; 10 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.01", "01:00:00")]
    public TimeSpan Timeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Names of headers that a mirrored request carries besides those that describe its body and the answers it accepts. Never those of credentials.</summary>
    public IList<string> Headers { get; } = [];
}
