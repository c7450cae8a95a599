using k8s.Models;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Kubernetes;

/// <summary>
/// A start as a Job and the Secret with its address. Its name follows from the start, so that the same start again is the Job that is there.
/// </summary>
internal static class EvaluationJobs
{
    private const string App = "modelflow-evaluation";
    private const string Container = "evaluator";
    private const string Volume = "work";
    private const long VolumeGroup = 1654;
    private const string SecretKey = "address";
    private const long Room = 1024L * 1024 * 1024;

    /// <summary>At most 63 characters: a release's id may have more.</summary>
    public static string NameOf(PreparedStart start) => $"evaluation-{Sha256Digest.Of(start.JobId).Hex[..40]}-{start.Number}";

    public static V1Secret Secret(PreparedStart start) => new()
    {
        Metadata = Metadata(start),
        Type = "Opaque",
        Immutable = true,
        StringData = new Dictionary<string, string>(StringComparer.Ordinal) { [SecretKey] = start.Description.ToString() },
    };

    public static V1Job Job(PreparedStart start, KubernetesEvaluationOptions options, KubernetesNodes nodes, TimeSpan timeLimit)
    {
        var disk = new ResourceQuantity($"{(start.InputBytes + (options.OutputMiB * 1024L * 1024) + Room + 1024 * 1024 - 1) / 1024 / 1024}Mi");
        var resources = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal)
        {
            ["cpu"] = new($"{options.Cpus}"),
            ["memory"] = new($"{options.MemoryMiB + 1024}Mi"),
        };
        if (nodes.Gpus > 0)
        {
            resources[options.GpuResource] = new($"{nodes.Gpus}");
        }

        if (options.StorageClass.Length == 0)
        {
            resources["ephemeral-storage"] = disk;
        }

        return new V1Job
        {
            Metadata = Metadata(start),
            Spec = new V1JobSpec
            {
                // Whether it is started again is decided where its result is kept.
                BackoffLimit = 0,
                Completions = 1,
                Parallelism = 1,
                ActiveDeadlineSeconds = (long)Math.Ceiling(timeLimit.TotalSeconds),
                TtlSecondsAfterFinished = (int)options.KeepEnded.TotalSeconds,
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = Labels(start) },
                    Spec = new V1PodSpec
                    {
                        RestartPolicy = "Never",

                        // The program inside opens hostile files: no token of the cluster, no way to more rights.
                        AutomountServiceAccountToken = false,
                        EnableServiceLinks = false,

                        // A fresh volume belongs to root; the group lets an image's own user write to it.
                        SecurityContext = new V1PodSecurityContext { FsGroup = VolumeGroup, SeccompProfile = new V1SeccompProfile { Type = "RuntimeDefault" } },
                        NodeSelector = nodes.Selector.Count == 0 ? null : new Dictionary<string, string>(nodes.Selector, StringComparer.Ordinal),
                        ImagePullSecrets = options.ImagePullSecrets.Count == 0 ? null : options.ImagePullSecrets.Select(s => new V1LocalObjectReference { Name = s }).ToList(),
                        Tolerations = nodes.Gpus == 0 ? null : [new V1Toleration { Key = options.GpuResource, OperatorProperty = "Exists", Effect = "NoSchedule" }],
                        Volumes = [options.StorageClass.Length == 0 ? NodeDisk(disk) : OwnVolume(options.StorageClass, disk)],
                        Containers =
                        [
                            new V1Container
                            {
                                Name = Container,
                                Image = start.Image,
                                Env = [new V1EnvVar { Name = RemoteJob.AddressVariable, ValueFrom = new V1EnvVarSource { SecretKeyRef = new V1SecretKeySelector { Key = SecretKey, Name = NameOf(start) } } }],
                                Resources = new V1ResourceRequirements { Limits = resources, Requests = resources },
                                SecurityContext = new V1SecurityContext { AllowPrivilegeEscalation = false, Capabilities = new V1Capabilities { Drop = ["ALL"] } },
                                VolumeMounts = [new V1VolumeMount { Name = Volume, MountPath = "/tmp" }],
                            },
                        ],
                    },
                },
            },
        };
    }

    private static V1Volume NodeDisk(ResourceQuantity size) => new() { Name = Volume, EmptyDir = new V1EmptyDirVolumeSource { SizeLimit = size } };

    private static V1Volume OwnVolume(string storageClass, ResourceQuantity size) => new()
    {
        Name = Volume,
        Ephemeral = new V1EphemeralVolumeSource
        {
            VolumeClaimTemplate = new V1PersistentVolumeClaimTemplate
            {
                Spec = new V1PersistentVolumeClaimSpec
                {
                    AccessModes = ["ReadWriteOnce"],
                    StorageClassName = storageClass,
                    Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["storage"] = size } },
                },
            },
        },
    };

    private static V1ObjectMeta Metadata(PreparedStart start) => new()
    {
        Name = NameOf(start),
        Labels = Labels(start),
        Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { ["modelflow/job"] = start.JobId },
    };

    private static Dictionary<string, string> Labels(PreparedStart start) => new(StringComparer.Ordinal)
    {
        ["app.kubernetes.io/name"] = App,
        ["app.kubernetes.io/managed-by"] = "modelflow",
        ["modelflow/start"] = $"{start.Number}",
    };
}
