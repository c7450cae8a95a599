using k8s;
using k8s.Exceptions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ModelFlow.Kubernetes;

/// <summary>Finds at start, and not with the first release, that nothing says where the cluster is. It is not asked anything: it may be away just now.</summary>
internal sealed class KubernetesClusterValidator(IServiceProvider services) : IValidateOptions<KubernetesEvaluationOptions>
{
    public ValidateOptionsResult Validate(string? name, KubernetesEvaluationOptions options)
    {
        try
        {
            services.GetRequiredService<IKubernetes>();
            return ValidateOptionsResult.Success;
        }
        catch (KubeConfigException e)
        {
            return ValidateOptionsResult.Fail($"{KubernetesEvaluationOptions.Section} is configured, and the kubeconfig (KUBECONFIG, or ~/.kube/config) cannot be used: {e.Message}.");
        }
    }
}
