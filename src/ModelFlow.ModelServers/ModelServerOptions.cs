using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.ModelServers;

/// <summary>Where the model servers are and how to ask them; configuration section <c>ModelServers</c>. Checked at start.</summary>
public sealed class ModelServerOptions : IValidatableObject
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ModelServers";

    /// <summary>The base address of every replica, <c>http</c> or <c>https</c>; each version is loaded on all of them. At least one.</summary>
    [Required(ErrorMessage = "ModelServers:Endpoints is needed: the base address of each model server, for example http://127.0.0.1:9000.")]
    [MinLength(1, ErrorMessage = "ModelServers:Endpoints is empty: name the base address of each model server, for example http://127.0.0.1:9000.")]
    public IList<Uri> Endpoints { get; set; } = [];

    /// <summary>The servers' control secret (their <c>Serving:ControlSecret</c>), 16 to 512 characters. Never logged.</summary>
    [Required(ErrorMessage = "ModelServers:ControlSecret is needed: the model servers' Serving:ControlSecret.")]
    [StringLength(512, MinimumLength = 16, ErrorMessage = "ModelServers:ControlSecret has fewer than 16 or more than 512 characters.")]
    public string ControlSecret { get; set; } = "";

    /// <summary>How long a grant to read a file holds, 1 minute to 1 day; default 1 hour. Each try gets new ones.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan GrantLifetime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long one try to load may take, download included: 1 s to 1 day; default 30 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "1.00:00:00")]
    public TimeSpan LoadTimeout { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>How long any other call may take; an unload waits for requests in flight. 1 s to 1 hour; default 2 minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>How often a call that failed in passing is tried, 1 to 20; default 8: with the waits between, about half a minute, in which a server that ended is started again.</summary>
    [Range(1, 20)]
    public int Attempts { get; set; } = 8;

    /// <summary>The wait before the second try, doubled for each further one up to 30 s: 1 ms to 30 s; default 200 ms.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:00:30")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromMilliseconds(200);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext) =>
        Endpoints.Where(e => !e.IsAbsoluteUri || e.Scheme is not ("http" or "https"))
            .Select(e => new ValidationResult($"ModelServers:Endpoints has '{e}'; an absolute http or https address is needed.", [nameof(Endpoints)]));
}

/// <summary>Checks <see cref="ModelServerOptions"/> by their annotations.</summary>
[OptionsValidator]
internal sealed partial class ModelServerOptionsValidator : IValidateOptions<ModelServerOptions>;
