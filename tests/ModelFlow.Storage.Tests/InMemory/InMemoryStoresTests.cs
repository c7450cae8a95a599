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
