using System.ComponentModel.DataAnnotations;

namespace ModelFlow.LocalHost.Evaluation;

/// <summary>How evaluators run on this machine; configuration section <c>Evaluation</c>.</summary>
public sealed class EvaluationOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Evaluation";

    /// <summary>The evaluator's program and its first arguments; ModelFlow's own when empty, the default.</summary>
    public IList<string> Command { get; init; } = [];

    /// <summary>The engine that evaluators start for language models, as <c>Serving:Engine</c> has it; ModelFlow's own when empty, the default.</summary>
    public IList<string> Engine { get; init; } = [];

    /// <summary>The formats that <see cref="Command"/> reads, in lower case; <c>onnx</c> and <c>gguf</c>, which ModelFlow's own reads, when empty.</summary>
    public IList<string> Formats { get; init; } = [];

    /// <summary>Where jobs work and downloaded files are kept. Set by the host to a folder of its data folder when empty.</summary>
    public string WorkFolder { get; set; } = "";

    /// <summary>How many evaluators run at once, 1 to 64; 1 by default, because two at once disturb each other's latencies.</summary>
    [Range(1, 64)]
    public int MaxParallel { get; set; } = 1;

    /// <summary>Threads one inference may use, 1 to 256; 1 by default.</summary>
    [Range(1, 256)]
    public int Threads { get; set; } = 1;

    /// <summary>The most resident memory an evaluator may hold with all its children, in MiB: 256 to 1,048,576; 4,096 by default.</summary>
    [Range(256, 1_048_576)]
    public int MemoryMiB { get; set; } = 4_096;

    /// <summary>The most an evaluator may write, in MiB: 1 to 1,048,576; 1,024 by default.</summary>
    [Range(1, 1_048_576)]
    public int OutputMiB { get; set; } = 1_024;

    /// <summary>The most of an evaluator's output that is kept as a log, in KiB: 16 to 65,536; 1,024 by default. The middle is left out beyond it.</summary>
    [Range(16, 65_536)]
    public int LogKiB { get; set; } = 1_024;

    /// <summary>The most the cache of downloaded versions and data sets may hold, in MiB: 1 to 16,777,216; 20,480 by default.</summary>
    [Range(1, 16_777_216)]
    public int CacheMiB { get; set; } = 20_480;
}
