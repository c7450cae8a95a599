using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests.Azurite;

public sealed class TableReleaseStoreTests(AzuriteFixture azurite) : ReleaseStoreContract
{
    protected override IReleaseStore Store => StorageHarness.Get<IReleaseStore>(azurite);
}

public sealed class TableRouteStoreTests(AzuriteFixture azurite) : RouteStoreContract
{
    protected override IRouteStore Store => StorageHarness.Get<IRouteStore>(azurite);
}
