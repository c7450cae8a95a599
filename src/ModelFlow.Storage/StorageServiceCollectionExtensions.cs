using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Blobs;
using ModelFlow.Storage.Catalog;
using ModelFlow.Storage.Notifications;
using ModelFlow.Storage.Operations;
using ModelFlow.Storage.Releases;
using ModelFlow.Storage.Routes;
using ModelFlow.Storage.Traffic;

namespace ModelFlow.Storage;

/// <summary>Registers the storage adapters.</summary>
public static class StorageServiceCollectionExtensions
{
    /// <summary>
    /// Registers an adapter for every port that stores something, all on one account. Run <see cref="StorageSetup.EnsureCreatedAsync"/>
    /// once before the first use. The options are checked when the host starts.
    /// </summary>
    public static IServiceCollection AddModelFlowStorage(this IServiceCollection services, Action<StorageOptions>? configure = null)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = services.AddOptions<StorageOptions>().ValidateDataAnnotations().ValidateOnStart();
        if (configure is not null)
        {
            options.Configure(configure);
        }

        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => new StorageClients(provider.GetRequiredService<IOptions<StorageOptions>>().Value));
        services.TryAddSingleton<StorageSetup>();
        services.TryAddSingleton<BlobGrants>();
        services.TryAddSingleton<BlobCopier>();
        services.TryAddSingleton<UploadCopy>();
        services.TryAddSingleton<UploadGrants>();
        services.TryAddSingleton<Quarantine>();
        services.TryAddSingleton<IReleaseStore, TableReleaseStore>();
        services.TryAddSingleton<IRouteStore, TableRouteStore>();
        services.TryAddSingleton<IRampTurns, TableRampTurns>();
        services.TryAddSingleton<IReleaseIndex, TableReleaseIndex>();
        services.TryAddSingleton<IVersionCatalog, TableVersionCatalog>();
        services.TryAddSingleton<IDeploymentStore, TableDeploymentStore>();
        services.TryAddSingleton<IFreezeStore, TableFreezeStore>();
        services.TryAddSingleton<ITokenStore, TableTokenStore>();
        services.TryAddSingleton<IPeopleStore, TablePeopleStore>();
        services.TryAddSingleton<IAuditLog, TableAuditLog>();
        services.TryAddSingleton<IAuditArchive, BlobAuditArchive>();
        services.TryAddSingleton<IRecordedNames, TableRecordedNames>();
        services.TryAddSingleton<IPolicyStore, BlobPolicyStore>();
        services.TryAddSingleton<IDatasetStore, BlobDatasetStore>();
        services.TryAddSingleton<IReportStore, BlobReportStore>();
        services.TryAddSingleton<IArtifactStore, BlobArtifactStore>();
        services.TryAddSingleton<IVersionHolds, BlobVersionHolds>();
        services.TryAddSingleton<IUploadStore, BlobUploadStore>();
        services.TryAddSingleton<IEvaluationHandover, BlobEvaluationHandover>();
        services.TryAddSingleton<ITrafficWindows, TableTrafficWindows>();
        services.TryAddSingleton<ISubscriptionStore, TableSubscriptionStore>();
        services.TryAddSingleton<IDeliveryStore, TableDeliveryStore>();
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IProjectedList, ReleaseList>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IProjectedList, ModelList>());
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IProjectedList, RouteList>());
        return services;
    }
}
