using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Storage.Tests.InMemory;

public sealed class InMemoryReleaseStoreTests : ReleaseStoreContract
{
    protected override IReleaseStore Store { get; } = new InMemoryReleaseStore();
}

public sealed class InMemoryRouteStoreTests : RouteStoreContract
{
    protected override IRouteStore Store { get; } = new InMemoryRouteStore();
}

public sealed class InMemoryVersionCatalogTests : VersionCatalogContract
{
    protected override IVersionCatalog Catalog { get; } = new InMemoryVersionCatalog();
}

public sealed class InMemoryDeploymentStoreTests : DeploymentStoreContract
{
    protected override IDeploymentStore Store { get; } = new InMemoryDeploymentStore();
}

public sealed class InMemoryRampTurnsTests : RampTurnsContract
{
    protected override IRampTurns Turns { get; } = new InMemoryRampTurns();
}

public sealed class InMemoryFreezeStoreTests : FreezeStoreContract
{
    protected override IFreezeStore Store { get; } = new InMemoryFreezeStore();
}

public sealed class InMemoryTokenStoreTests : TokenStoreContract
{
    protected override ITokenStore Store { get; } = new InMemoryTokenStore();
}

public sealed class InMemoryAuditLogTests : AuditLogContract
{
    protected override IAuditLog Log { get; } = new InMemoryAuditLog();
}

public sealed class InMemoryAuditArchiveTests : AuditArchiveContract
{
    protected override IAuditArchive Archive { get; } = new InMemoryAuditArchive(new InMemoryBlobs());
}

public sealed class InMemoryReleaseIndexTests : ReleaseIndexContract
{
    private readonly InMemoryReleaseStore _releases = new();

    private readonly InMemoryReleaseIndex _index;

    public InMemoryReleaseIndexTests() => _index = new InMemoryReleaseIndex(_releases);

    protected override IReleaseIndex Index => _index;

    protected override IProjectedList List => _index;

    protected override IReleaseStore Releases => _releases;
}

public sealed class InMemoryDocumentStoresTests : DocumentStoresContract
{
    private static readonly InMemoryBlobs Blobs = new();

    protected override IPolicyStore Policies { get; } = new InMemoryPolicyStore();

    protected override IDatasetStore Datasets { get; } = new InMemoryDatasetStore(Blobs);

    protected override IReportStore Reports { get; } = new InMemoryReportStore(Blobs);
}

public sealed class InMemoryUploadStoreTests : UploadStoreContract
{
    private readonly InMemoryBlobs _blobs = new();

    public InMemoryUploadStoreTests()
    {
        Uploads = new InMemoryUploadStore(_blobs);
        Artifacts = new InMemoryArtifactStore(_blobs);
    }

    protected override IUploadStore Uploads { get; }

    protected override IArtifactStore Artifacts { get; }

    protected override Task<string> PutAsync(string path, byte[] content) => Task.FromResult(_blobs.Put(path, content));

    protected override Task<byte[]?> FindAsync(string path) => Task.FromResult(_blobs.Find(path)?.Content);
}

public sealed class InMemoryTrafficWindowsTests : TrafficWindowsContract
{
    protected override ITrafficWindows Store { get; } = new InMemoryTrafficWindows();
}

public sealed class InMemoryEvaluationHandoverTests : EvaluationHandoverContract
{
    private readonly InMemoryBlobs _blobs = new();

    private readonly InMemoryEvaluationHandover _handover;

    public InMemoryEvaluationHandoverTests() => _handover = new InMemoryEvaluationHandover(_blobs, TimeProvider.System);

    protected override IEvaluationHandover Handover => _handover;

    protected override Task PutInputAsync(string path, byte[] content)
    {
        _blobs.Put(path, content);
        return Task.CompletedTask;
    }

    protected override Task<RemoteJob> DescriptionAsync(PreparedStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        return Task.FromResult(_handover.Describe(start.JobId, start.Number));
    }

    protected override Task<bool> PutAsync(RemoteGrant grant, byte[] content, bool replace = false)
    {
        ArgumentNullException.ThrowIfNull(grant);
        return Task.FromResult(_handover.Put(grant, content, replace ? _blobs.Find(grant.Address.AbsolutePath.TrimStart('/'))!.Content : null));
    }
}

public sealed class InMemoryPeopleStoreTests : PeopleStoreContract
{
    protected override IPeopleStore Store { get; } = new InMemoryPeopleStore();
}

public sealed class InMemorySubscriptionStoreTests : SubscriptionStoreContract
{
    protected override ISubscriptionStore Store { get; } = new InMemorySubscriptionStore();
}

public sealed class InMemoryDeliveryStoreTests : DeliveryStoreContract
{
    protected override IDeliveryStore Store { get; } = new InMemoryDeliveryStore();
}
