using k8s;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Kubernetes;

/// <summary>Adds evaluations on Kubernetes to a host.</summary>
public static class KubernetesEvaluationServices
{
    /// <summary>
    /// Adds <see cref="KubernetesEvaluationRunner"/> as the <see cref="IEvaluationRunner"/>, with options from the section
    /// <see cref="KubernetesEvaluationOptions.Section"/>, checked when the host starts. Without an <see cref="IKubernetes"/> of the host's it finds the cluster
    /// as <c>kubectl</c> does: <c>KUBECONFIG</c>, <c>~/.kube/config</c>, or the cluster it runs in.
    /// </summary>
    public static IServiceCollection AddKubernetesEvaluation(this IServiceCollection services, Action<KubernetesEvaluationOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<KubernetesEvaluationOptions>().BindConfiguration(KubernetesEvaluationOptions.Section).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<KubernetesEvaluationOptions>, KubernetesEvaluationOptionsValidator>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<KubernetesEvaluationOptions>, KubernetesClusterValidator>());
        services.TryAddSingleton<IImageDigests, PinnedImageDigests>();
        services.TryAddSingleton<IKubernetes>(_ => new k8s.Kubernetes(KubernetesClientConfiguration.BuildDefaultConfig()));
        services.AddSingleton<IEvaluationRunner>(p => new KubernetesEvaluationRunner(
            p.GetRequiredService<IOptions<KubernetesEvaluationOptions>>().Value,
            p.GetRequiredService<IKubernetes>(),
            p.GetRequiredService<IEvaluationHandover>(),
            p.GetRequiredService<IImageDigests>(),
            p.GetRequiredService<IReportStore>(),
            p.GetRequiredService<ILogger<RemoteEvaluationRunner>>()));
        return services;
    }
}
