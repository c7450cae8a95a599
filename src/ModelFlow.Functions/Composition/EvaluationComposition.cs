using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Azure.ContainerApps;
using ModelFlow.Core.Ports;
using ModelFlow.Kubernetes;

namespace ModelFlow.Functions.Composition;

/// <summary>The one place that says where evaluations run.</summary>
internal static class EvaluationComposition
{
    /// <summary>Whichever is configured: a Container Apps job, or Jobs on Kubernetes.</summary>
    /// <exception cref="InvalidOperationException">Both are.</exception>
    public static IServiceCollection AddEvaluation(this IServiceCollection services, IConfiguration configuration) =>
        (IsConfigured(configuration, ContainerAppsEvaluationOptions.Section), IsConfigured(configuration, KubernetesEvaluationOptions.Section)) switch
        {
            (true, true) => throw new InvalidOperationException(
                $"{ContainerAppsEvaluationOptions.Section} and {KubernetesEvaluationOptions.Section} are both configured: evaluations run in one place, leave one out."),
            (true, _) => services.AddContainerAppsEvaluation(),
            (_, true) => services.AddKubernetesEvaluation(),
            _ => services.AddSingleton<IEvaluationRunner, NoEvaluationRunner>(),
        };

    private static bool IsConfigured(IConfiguration configuration, string section) => configuration.GetSection(section).Exists();
}
