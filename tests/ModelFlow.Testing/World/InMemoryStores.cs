using System.Text;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Ports;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Testing.World;

/// <summary>The in-memory stores as a whole storage.</summary>
public sealed class InMemoryStores
{
    public InMemoryStores() => Holds = new InMemoryVersionHolds(Blobs);

    public InMemoryBlobs Blobs { get; } = new();

    public InMemoryVersionHolds Holds { get; }

    public void AddTo(IServiceCollection services)
    {
        services.AddSingleton<InMemoryReleaseStore>();
        services.AddSingleton<IReleaseStore>(s => s.GetRequiredService<InMemoryReleaseStore>());
        services.AddSingleton<InMemoryReleaseIndex>();
        services.AddSingleton<IReleaseIndex>(s => s.GetRequiredService<InMemoryReleaseIndex>());
        services.AddSingleton<IProjectedList>(s => s.GetRequiredService<InMemoryReleaseIndex>());
        services.AddSingleton<IRouteStore, InMemoryRouteStore>();
        services.AddSingleton<IVersionCatalog, InMemoryVersionCatalog>();
        services.AddSingleton<IRampTurns, InMemoryRampTurns>();
        services.AddSingleton<IFreezeStore, InMemoryFreezeStore>();
        services.AddSingleton<IDeploymentStore, InMemoryDeploymentStore>();
        services.AddSingleton<IPeopleStore, InMemoryPeopleStore>();
        services.AddSingleton<IAuditLog, InMemoryAuditLog>();
        services.AddSingleton<IAuditArchive>(new InMemoryAuditArchive(Blobs));
        services.AddSingleton<IPolicyStore, InMemoryPolicyStore>();
        services.AddSingleton<IVersionHolds>(Holds);
        services.AddSingleton<ISubscriptionStore, InMemorySubscriptionStore>();
        services.AddSingleton<IDeliveryStore, InMemoryDeliveryStore>();
        services.AddSingleton<IUploadStore>(new InMemoryUploadStore(Blobs));
    }

    public Task PutIncomingAsync(string path, ReadOnlyMemory<byte> content)
    {
        Blobs.Put("incoming/" + path, content.Span);
        return Task.CompletedTask;
    }

    public string ReadText(string path) => Encoding.UTF8.GetString(Blobs.Find(path)?.Content ?? throw new InvalidOperationException($"There is no blob {path}."));
}
