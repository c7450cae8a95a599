using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Azure.ContainerApps;
using ModelFlow.Core.Ports;
using ModelFlow.Kubernetes;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Functions.Composition;

/// <summary>The one place that says where evaluations run.</summary>
internal static partial class EvaluationComposition
{
    /// <summary>Whichever is configured: a Container Apps job, or Jobs on Kubernetes.</summary>
    /// <exception cref="InvalidOperationException">Both are.</exception>
    public static IServiceCollection AddEvaluation(this IServiceCollection services, IConfiguration configuration)
    {
        Func<string, bool>? knows = null;
        AddRegistry(services, ref knows);
        return (IsConfigured(configuration, ContainerAppsEvaluationOptions.Section), IsConfigured(configuration, KubernetesEvaluationOptions.Section)) switch
        {
            (true, true) => throw new InvalidOperationException(
                $"{ContainerAppsEvaluationOptions.Section} and {KubernetesEvaluationOptions.Section} are both configured: evaluations run in one place, leave one out."),
            (true, _) => services.AddContainerAppsEvaluation()
                .Check<ContainerAppsEvaluationOptions>($"{ContainerAppsEvaluationOptions.Section}:{nameof(ContainerAppsEvaluationOptions.Image)}", o => o.Image, knows)
                .Check<ContainerAppsEvaluationOptions>($"{ContainerAppsEvaluationOptions.Section}:{nameof(ContainerAppsEvaluationOptions.InspectionImage)}", o => o.InspectionImage, knows),
            (_, true) => services.AddKubernetesEvaluation()
                .Check<KubernetesEvaluationOptions>($"{KubernetesEvaluationOptions.Section}:{nameof(KubernetesEvaluationOptions.Image)}", o => o.Image, knows),
            _ => services.AddSingleton<IEvaluationRunner, NoEvaluationRunner>(),
        };
    }

    // Implemented in Registry, which is compiled where the feed has its package.
    static partial void AddRegistry(IServiceCollection services, ref Func<string, bool>? knows);

    // An image that nobody can resolve is found at start and not with the first release.
    private static IServiceCollection Check<TOptions>(this IServiceCollection services, string setting, Func<TOptions, string> imageOf, Func<string, bool>? knows)
        where TOptions : class
    {
        services.AddOptions<TOptions>().Validate(
            o => imageOf(o) is var image && (image.Length == 0 || PinnedImageDigests.IsPinned(image) || knows?.Invoke(image) == true),
            knows is null
                ? $"{setting} must name its digest (registry/name@sha256:…): this build of the host can ask no registry (docs/azure.md)."
                : $"{setting} must name its digest (registry/name@sha256:…), or a tag in an Azure container registry (name.azurecr.io/repository:tag).");
        return services;
    }

    private static bool IsConfigured(IConfiguration configuration, string section) => configuration.GetSection(section).Exists();
}
