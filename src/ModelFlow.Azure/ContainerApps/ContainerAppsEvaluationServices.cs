using Azure.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Evaluation;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>Adds evaluations on Container Apps to a host.</summary>
public static class ContainerAppsEvaluationServices
{
    /// <summary>
    /// Adds <see cref="ContainerAppsEvaluationRunner"/> as the <see cref="IEvaluationRunner"/>, with options from the section
    /// <see cref="ContainerAppsEvaluationOptions.Section"/>, checked when the host starts. The host adds a <see cref="TokenCredential"/>, the storage, and an
    /// <see cref="IImageDigests"/> if images are named by tags.
    /// </summary>
    public static IServiceCollection AddContainerAppsEvaluation(this IServiceCollection services, Action<ContainerAppsEvaluationOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<ContainerAppsEvaluationOptions>().BindConfiguration(ContainerAppsEvaluationOptions.Section).ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<ContainerAppsEvaluationOptions>, ContainerAppsEvaluationOptionsValidator>());
        services.TryAddSingleton<IImageDigests, PinnedImageDigests>();
        services.AddSingleton<IEvaluationRunner>(p => new ContainerAppsEvaluationRunner(
            p.GetRequiredService<IOptions<ContainerAppsEvaluationOptions>>().Value,
            p.GetRequiredService<TokenCredential>(),
            p.GetRequiredService<IEvaluationHandover>(),
            p.GetRequiredService<IImageDigests>(),
            p.GetRequiredService<IReportStore>(),
            p.GetRequiredService<ILogger<RemoteEvaluationRunner>>()));
        return services;
    }
}
