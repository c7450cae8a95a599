using Azure.Core;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Api;
using ModelFlow.Api.Gateways;
using ModelFlow.Api.SignIn;
using ModelFlow.Azure.Identity;
using ModelFlow.Functions.Driving;
using ModelFlow.Functions.Http;
using ModelFlow.ModelServers;
using ModelFlow.Notifications;
using ModelFlow.Orchestration;
using ModelFlow.Storage;

namespace ModelFlow.Functions.Composition;

/// <summary>Puts the Azure host together: the storage, the loop, the API and what stands behind their ports on Azure.</summary>
public static class HostComposition
{
    /// <summary>Adds everything. Options are checked when the host starts.</summary>
    public static IServiceCollection AddModelFlowHost(this IServiceCollection services, IConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(configuration);
        services.AddOptions<AzureHostOptions>().BindConfiguration(AzureHostOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<AzureHostOptions>, AzureHostOptionsValidator>());
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton<TokenCredential>(p => Credentials.Create(p.GetRequiredService<IOptions<AzureHostOptions>>().Value, configuration));

        services.AddOptions<StorageOptions>().BindConfiguration(StorageOptions.Section).Configure<IServiceProvider>(AddCredential);
        services.AddModelFlowStorage();
        services.AddModelFlowOrchestration();
        services.AddModelFlowApi();
        services.AddModelFlowNotifications(OwnAddress(configuration));
        services.AddOidc(configuration);
        services.AddEntraId(configuration);
        services.AddOpenInferenceModelServer();
        services.AddHttpTrafficRouter();
        services.AddEvaluation(configuration);
        services.AddTelemetry(configuration);

        services.AddOptions<DrivingOptions>().BindConfiguration(DrivingOptions.Section).ValidateOnStart();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<DrivingOptions>, DrivingOptionsValidator>());
        services.AddSingleton<DurableDoorbell>();
        services.AddSingleton<IDoorbell>(p => p.GetRequiredService<DurableDoorbell>());
        services.AddSingleton<Watchdog>();
        services.AddSingleton<ApiPipeline>();
        services.AddHostedService<FirstStart>();
        return services;
    }

    // Azure names the app's host in a setting of its own.
    private static Uri OwnAddress(IConfiguration configuration) =>
        new(configuration["WEBSITE_HOSTNAME"] is { Length: > 0 } host ? (host.StartsWith("localhost", StringComparison.Ordinal) ? $"http://{host}/" : $"https://{host}/") : "http://localhost:7071/");

    // With addresses the app's identity asks; a connection string, for local use, brings its own key.
    private static void AddCredential(StorageOptions options, IServiceProvider services)
    {
        if (string.IsNullOrWhiteSpace(options.ConnectionString))
        {
            options.Credential ??= services.GetRequiredService<TokenCredential>();
        }
    }
}
