using System.ComponentModel.DataAnnotations;
using System.Net;
using Microsoft.Extensions.Options;

namespace ModelFlow.TextEngine;

/// <summary>How the engine runs; from the command line (<c>--Model FILE --Port 9100</c>). Checked at start.</summary>
internal sealed class EngineOptions : IValidatableObject
{
    /// <summary>The GGUF file. Needed.</summary>
    [Required(ErrorMessage = "--Model is needed: the GGUF file.")]
    public string Model { get; set; } = "";

    /// <summary>What the model is called in requests and answers; the file's name by default.</summary>
    public string Name { get; set; } = "";

    /// <summary>The IP address to listen on, or <c>localhost</c>. Default <c>127.0.0.1</c>; nothing here is authenticated.</summary>
    [Required(ErrorMessage = "--Address is empty: an IP address or 'localhost' is needed.")]
    public string Address { get; set; } = "127.0.0.1";

    /// <summary>The TCP port, 0 to 65,535; 0 (default) takes a free one, which the one line on standard output names.</summary>
    [Range(0, 65_535)]
    public int Port { get; set; }

    /// <summary>Tokens a request may have, prompt and answer together: 16 to 1,048,576; default 4,096. Never more than the model was trained for. Memory grows with it.</summary>
    [Range(16, 1_048_576)]
    public int Context { get; set; } = 4_096;

    /// <summary>Threads one computation uses, 1 to 256; 0 (default) is one per processor.</summary>
    [Range(0, 256)]
    public int Threads { get; set; }

    /// <summary>Requests that are answered by turns at the same time, each with a context of its own, 1 to 64; default 2.</summary>
    [Range(1, 64)]
    public int Parallel { get; set; } = 2;

    /// <summary>Requests that may wait for their turn, 0 to 10,000; default 64. One more is answered with 503 and <c>Retry-After</c>.</summary>
    [Range(0, 10_000)]
    public int Queue { get; set; } = 64;

    /// <summary>The most bytes of a request, 1 KiB to 256 MiB; default 4 MiB.</summary>
    [Range(1_024, 256 << 20)]
    public int MaxRequestBytes { get; set; } = 4 << 20;

    /// <summary>The address to listen on; loopback for <c>localhost</c>.</summary>
    internal IPAddress ListenAddress => IPAddress.TryParse(Address, out var address) ? address : IPAddress.Loopback;

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (!IPAddress.TryParse(Address, out _) && !string.Equals(Address, "localhost", StringComparison.OrdinalIgnoreCase))
        {
            yield return new ValidationResult($"--Address is '{Address}'; an IP address or 'localhost' is needed.", [nameof(Address)]);
        }

        if (Model.Length > 0 && !File.Exists(Model))
        {
            yield return new ValidationResult($"--Model names no file: '{Model}'.", [nameof(Model)]);
        }
    }
}

/// <summary>Checks <see cref="EngineOptions"/> by their annotations.</summary>
[OptionsValidator]
internal sealed partial class EngineOptionsValidator : IValidateOptions<EngineOptions>;
