namespace ModelFlow.Infra.Tests;

/// <summary>Who can reach what.</summary>
public sealed class NetworkTests
{
    private static Resource Inner(Snapshot snapshot) => snapshot.Of("Microsoft.App/managedEnvironments").Single(e => e.Name.EndsWith("-inner", StringComparison.Ordinal));

    [Theory]
    [InlineData(nameof(Deployments.Whole))]
    [InlineData(nameof(Deployments.Private))]
    public void Servers_andTheJob_standWhereOnlyTheNetworkDoes(string deployment)
    {
        var snapshot = Deployments.Deploy(deployment);
        var inner = Inner(snapshot);

        Assert.True(inner["vnetConfiguration.internal"].GetBoolean());
        Assert.All(
            snapshot.Of("Microsoft.App/containerApps").Where(a => a.Name.StartsWith("serving-", StringComparison.Ordinal)).Concat(snapshot.Of("Microsoft.App/jobs")),
            a => Assert.Equal(inner.Id, a["environmentId"].GetString()));
    }

    [Fact]
    public void Gateways_publicOrNot_isTheParameters()
    {
        var open = Deployments.Deploy(nameof(Deployments.Whole));
        var closed = Deployments.Deploy(nameof(Deployments.Private));

        Assert.EndsWith("-edge", open.One("Microsoft.App/containerApps", "gateway-1")["environmentId"].GetString());
        Assert.Equal(Inner(closed).Id, closed.One("Microsoft.App/containerApps", "gateway-1")["environmentId"].GetString());
        Assert.Single(closed.Of("Microsoft.App/managedEnvironments"));
    }

    [Theory]
    [MemberData(nameof(Deployments.All), MemberType = typeof(Deployments))]
    public void App_every_speaksTlsOnly(string deployment) =>
        Assert.All(Deployments.Deploy(deployment).Of("Microsoft.App/containerApps"), a => Assert.False(a["configuration.ingress.allowInsecure"].GetBoolean()));

    [Fact]
    public void PrivateEndpoints_on_closeEveryServiceAndOpenOneWayEach()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.Private));
        string[] types = ["Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults", "Microsoft.ContainerRegistry/registries"];
        var services = snapshot.Resources.Where(r => types.Contains(r.Type, StringComparer.Ordinal)).ToList();

        Assert.Equal(4, services.Count);
        Assert.All(services, s => Assert.Equal("Disabled", s["publicNetworkAccess"].GetString()));
        var ways = snapshot.Of("Microsoft.Network/privateEndpoints")
            .Select(e => (Id: e["privateLinkServiceConnections.0.properties.privateLinkServiceId"].GetString()!, Group: e["privateLinkServiceConnections.0.properties.groupIds.0"].GetString()!))
            .ToList();
        Assert.Equal(services.Select(s => s.Id).Order(StringComparer.Ordinal), ways.Select(w => w.Id).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));
        Assert.Equal(8, ways.Distinct().Count());
        Assert.Equal("Premium", services.Single(s => s.Type == types[2]).Json.GetProperty("sku").GetProperty("name").GetString());

        // The suffixes are the cloud's; the compiler does not know in which one.
        var zones = snapshot.Of("Microsoft.Network/privateDnsZones").Select(z => z.Name).ToList();
        Assert.Equal(["privatelink.blob.{", "privatelink.queue.{", "privatelink.table.{", "privatelink.vaultcore{", "privatelink{"], zones.SelectMany(ZonePrefix).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<string> ZonePrefix(string name)
    {
        const string Before = "[format('";
        return name.StartsWith(Before + "privatelink", StringComparison.Ordinal) ? [name[Before.Length..(name.IndexOf('{', StringComparison.Ordinal) + 1)]] : [];
    }

    [Fact]
    public void PrivateEndpoints_off_areNotThere()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.Whole));

        Assert.Empty(snapshot.Of("Microsoft.Network/privateEndpoints"));
        Assert.Equal("Basic", Assert.Single(snapshot.Of("Microsoft.ContainerRegistry/registries")).Json.GetProperty("sku").GetProperty("name").GetString());
    }

    [Fact]
    public void Subnets_every_hasAnAddressRangeOfItsOwn()
    {
        var network = Assert.Single(Deployments.Deploy(nameof(Deployments.First)).Of("Microsoft.Network/virtualNetworks"));
        var subnets = network["subnets"].EnumerateArray().Select(s => s.GetProperty("properties").GetProperty("addressPrefix").GetString()).ToList();

        Assert.Equal(4, subnets.Distinct(StringComparer.Ordinal).Count());
        Assert.Equal(4, subnets.Count);
    }

    [Theory]
    [InlineData(nameof(Deployments.Other), "Consumption", "Consumption", 4)]
    [InlineData(nameof(Deployments.Whole), "gpu", "Consumption-GPU-NC8as-T4", 8)]
    [InlineData(nameof(Deployments.Private), "gpu", "Consumption-GPU-NC24-A100", 24)]
    public void Job_profile_isTheParameters(string deployment, string profile, string type, int cpu)
    {
        var snapshot = Deployments.Deploy(deployment);
        var job = snapshot.One("Microsoft.App/jobs", "evaluation");

        Assert.Equal(profile, job["workloadProfileName"].GetString());
        Assert.Equal(cpu, job["template.containers.0.resources.cpu"].GetInt32());
        Assert.Contains((profile, type), Inner(snapshot)["workloadProfiles"].EnumerateArray().Select(p => (p.GetProperty("name").GetString()!, p.GetProperty("workloadProfileType").GetString()!)));
    }

    [Theory]
    [InlineData(nameof(Deployments.Whole), "modelflow/evaluator@sha256:0")]
    [InlineData(nameof(Deployments.Private), "modelflow/inspector@sha256:0")]
    public void InspectionJob_takesNoGpu(string deployment, string image)
    {
        var job = Deployments.Deploy(deployment).One("Microsoft.App/jobs", "inspection");

        Assert.Equal("Consumption", job["workloadProfileName"].GetString());
        Assert.Equal((4, "8Gi"), (job["template.containers.0.resources.cpu"].GetInt32(), job["template.containers.0.resources.memory"].GetString()));
        Assert.Contains(image, job["template.containers.0.image"].GetString());
    }

    [Fact]
    public void InspectionJob_withoutGpusOrUnwanted_isNotThere()
    {
        Assert.Equal("evaluation", Assert.Single(Deployments.Deploy(nameof(Deployments.Other)).Of("Microsoft.App/jobs")).Name);
        Assert.Equal("evaluation", Assert.Single(Bicep.Deploy(Deployments.Whole + "\nparam separateInspection = false").Of("Microsoft.App/jobs")).Name);
    }

    [Fact]
    public void Uploads_subscription_comesAfterTheCode()
    {
        Assert.Empty(Deployments.Deploy(nameof(Deployments.First)).Of("Microsoft.EventGrid/systemTopics/eventSubscriptions"));
        var subscription = Assert.Single(Deployments.Deploy(nameof(Deployments.Whole)).Of("Microsoft.EventGrid/systemTopics/eventSubscriptions"));

        Assert.Equal("/blobServices/default/containers/incoming/", subscription["filter.subjectBeginsWith"].GetString());
        Assert.Contains("/runtime/webhooks/blobs?functionName=Host.Functions.", subscription["destination.properties.endpointUrl"].GetString());
    }
}
