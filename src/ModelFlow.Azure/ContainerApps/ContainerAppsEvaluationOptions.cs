using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>Where and how evaluations run as executions of an Azure Container Apps job; configuration section <c>ContainerAppsEvaluation</c>.</summary>
public sealed class ContainerAppsEvaluationOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "ContainerAppsEvaluation";

    private const string Job = @"^/subscriptions/[0-9a-fA-F-]{36}/resourceGroups/[-\w\.\(\)]{1,90}/providers/Microsoft\.App/jobs/[-\w\.\(\)]+$";

    /// <summary>The job's resource id: <c>/subscriptions/{id}/resourceGroups/{group}/providers/Microsoft.App/jobs/{name}</c>.</summary>
    [Required]
    [RegularExpression(
        Job,
        ErrorMessage = "ContainerAppsEvaluation:JobResourceId is '/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.App/jobs/NAME'.")]
    public string JobResourceId { get; set; } = "";

    /// <summary>
    /// The resource id of a second job, on processors: it inspects and smoke-tests versions, so that no GPU is paid for that. Empty, the default: the evaluation job does
    /// everything.
    /// </summary>
    [RegularExpression(
        "^$|" + Job,
        ErrorMessage = "ContainerAppsEvaluation:InspectionJobResourceId is '/subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.App/jobs/NAME', or empty.")]
    public string InspectionJobResourceId { get; set; } = "";

    /// <summary>The image of the inspection job, as <see cref="Image"/> is of the evaluation job; the job's own when empty, the default.</summary>
    public string InspectionImage { get; set; } = "";

    /// <summary>
    /// As <see cref="MemoryMiB"/>, in the inspection job: 256 to 1,048,576; 6,144 by default. A version whose files are larger than a half of it goes to the
    /// evaluation job: a small machine must not be its fault.
    /// </summary>
    [Range(256, 1_048_576)]
    public int InspectionMemoryMiB { get; set; } = 6_144;

    /// <summary>The evaluator's image; the job's own when empty, the default. With a tag it is resolved to its digest before a job's first start.</summary>
    public string Image { get; set; } = "";

    /// <summary>The formats that the image reads, in lower case; <c>onnx</c> and <c>gguf</c>, as ModelFlow's own does, when empty.</summary>
    public IList<string> Formats { get; init; } = [];

    /// <summary>Threads one inference may use, 1 to 256; 4 by default.</summary>
    [Range(1, 256)]
    public int Threads { get; set; } = 4;

    /// <summary>The most resident memory the evaluator may hold, in MiB: 256 to 1,048,576; 6,144 by default. Keep it below the container's, so that it is told apart from a fault of the machine.</summary>
    [Range(256, 1_048_576)]
    public int MemoryMiB { get; set; } = 6_144;

    /// <summary>The most the evaluator may write, in MiB: 1 to 1,048,576; 1,024 by default.</summary>
    [Range(1, 1_048_576)]
    public int OutputMiB { get; set; } = 1_024;

    /// <summary>A replica's ephemeral disk in GiB, 1 to 4,096; 8 by default: what Container Apps gives a replica with more than one vCPU.</summary>
    [Range(1, 4_096)]
    public int DiskGiB { get; set; } = 8;

    /// <summary>How often a running evaluation is looked at, 5 seconds to 10 minutes; 30 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "00:10:00")]
    public TimeSpan PollEvery { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long an execution may wait for its machine, 1 minute to 3 hours; 1 hour by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "03:00:00")]
    public TimeSpan QueueLimit { get; set; } = TimeSpan.FromHours(1);

    /// <summary>Azure Resource Manager; <c>https://management.azure.com</c> by default, others in sovereign clouds.</summary>
    [Required]
    public Uri ManagementUri { get; set; } = new("https://management.azure.com");

    /// <summary>How long one answer is waited for, 1 second to 5 minutes; 30 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan RequestTimeout { get; set; } = TimeSpan.FromSeconds(30);
}
