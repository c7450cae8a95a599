using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Kubernetes;

/// <summary>Where and how evaluations run as Kubernetes Jobs; configuration section <c>KubernetesEvaluation</c>.</summary>
public sealed class KubernetesEvaluationOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "KubernetesEvaluation";

    /// <summary>The namespace of the jobs; <c>modelflow</c> by default. It exists.</summary>
    [Required]
    [RegularExpression("^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", ErrorMessage = "KubernetesEvaluation:Namespace is a DNS label.")]
    [StringLength(63)]
    public string Namespace { get; set; } = "modelflow";

    /// <summary>The evaluator's image. With a tag it is resolved to its digest before a job's first start.</summary>
    [Required]
    public string Image { get; set; } = "";

    /// <summary>The formats that the image reads, in lower case; <c>onnx</c> and <c>gguf</c>, as ModelFlow's own does, when empty.</summary>
    public IList<string> Formats { get; init; } = [];

    /// <summary>GPUs an evaluation gets, 0 to 64; 1 by default.</summary>
    [Range(0, 64)]
    public int Gpus { get; set; } = 1;

    /// <summary>GPUs an inspection or a smoke test gets, 0 to 64; 0 by default. Give it those of an evaluation where every node that has room for the jobs has GPUs.</summary>
    [Range(0, 64)]
    public int InspectionGpus { get; set; }

    /// <summary>The resource that a GPU is asked for by; <c>nvidia.com/gpu</c> by default.</summary>
    [Required]
    public string GpuResource { get; set; } = "nvidia.com/gpu";

    /// <summary>Processors a job gets, 1 to 256; 4 by default. An inference may use as many threads.</summary>
    [Range(1, 256)]
    public int Cpus { get; set; } = 4;

    /// <summary>The most resident memory the evaluator may hold, in MiB: 256 to 1,048,576; 15,360 by default. The container gets 1,024 more.</summary>
    [Range(256, 1_048_576)]
    public int MemoryMiB { get; set; } = 15_360;

    /// <summary>The most the evaluator may write, in MiB: 1 to 1,048,576; 1,024 by default.</summary>
    [Range(1, 1_048_576)]
    public int OutputMiB { get; set; } = 1_024;

    /// <summary>
    /// The storage class of the volume that each job gets for its files, made and removed with it. Empty, the default: the node's own disk
    /// (<c>emptyDir</c>), which must have room for the largest version.
    /// </summary>
    public string StorageClass { get; set; } = "";

    /// <summary>Labels of the nodes that may run it; all when empty.</summary>
    public IDictionary<string, string> NodeSelector { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Labels of the nodes that may run inspections and smoke tests; those of <see cref="NodeSelector"/> when empty.</summary>
    public IDictionary<string, string> InspectionNodeSelector { get; init; } = new Dictionary<string, string>(StringComparer.Ordinal);

    /// <summary>Secrets to pull the image with; the service account's when empty.</summary>
    public IList<string> ImagePullSecrets { get; init; } = [];

    /// <summary>How often a running evaluation is looked at, 5 seconds to 10 minutes; 30 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:10:00")]
    public TimeSpan PollEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a job may wait for its node, 1 minute to 3 hours; 1 hour by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "03:00:00")]
    public TimeSpan QueueLimit { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How long an ended job is kept for whoever wants to look, 1 minute to 30 days; 1 hour by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "30.00:00:00")]
    public TimeSpan KeepEnded { get; set; } = TimeSpan.FromHours(1);
}
