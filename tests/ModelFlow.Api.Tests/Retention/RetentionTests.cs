using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Api.Tests.Retention;

public sealed class RetentionTests
{
    [Fact]
    public async Task Plan_is_shown_and_applied_and_then_there_is_nothing_left_to_do()
    {
        await using var host = await StartAsync();
        var client = await host.AsAsync(Role.Operator, "bob");
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.RegisterAsync("digits", "v1.2.0", v => v with { Pinned = true });
        await host.MakeStableAsync("digits", "v1.1.0");
        host.Time.Advance(TimeSpan.FromDays(100));

        var plan = await client.SendAsync("GET", "/api/retention/plan?model=digits").JsonAsync();
        var applied = await client.SendAsync("POST", "/api/retention/apply", $$"""{"digest":"{{plan["digest"]}}"}""").JsonAsync();
        var after = await client.SendAsync("GET", "/api/retention/plan").JsonAsync();

        var action = Assert.Single(plan["actions"]!.AsArray())!;
        Assert.Equal(("v1.0.0", "hot", "cold"), ((string)action["version"]!, (string)action["from"]!, (string)action["to"]!));
        Assert.Equal(["stable", "pinned"], plan["kept"]!.AsArray().Select(k => (string)k!["reason"]!));
        Assert.Equal("done", (string)applied["results"]![0]!["status"]!);
        Assert.Empty(after["actions"]!.AsArray());
        Assert.Equal(StorageTier.Cold, host.Blobs.Find("models/digits/v1.0.0/model.onnx")!.Tier);
        Assert.Equal(StorageTier.Cold, (await VersionAsync(host, "v1.0.0")).Tier);
        Assert.Equal("retentionMove", (string)(await client.SendAsync("GET", "/api/audit/digits").JsonAsync())["items"]![0]!["entry"]!["action"]!);
    }

    [Fact]
    public async Task Plan_that_is_not_the_shown_one_is_not_applied()
    {
        await using var host = await StartAsync();
        var client = await host.AsAsync(Role.Operator);
        await host.RegisterAsync("digits", "v1.0.0");
        host.Time.Advance(TimeSpan.FromDays(40));
        var plan = await client.SendAsync("GET", "/api/retention/plan").JsonAsync();
        host.Time.Advance(TimeSpan.FromDays(60));

        await client.SendAsync("POST", "/api/retention/apply", $$"""{"digest":"{{plan["digest"]}}"}""").ProblemAsync(HttpStatusCode.Conflict, "plan-changed");

        Assert.Equal(StorageTier.Hot, host.Blobs.Find("models/digits/v1.0.0/model.onnx")!.Tier);
    }

    [Fact]
    public async Task Version_in_a_running_release_or_its_baseline_is_left_alone()
    {
        await using var host = await StartAsync("deleteAfter: 500d");
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        await host.AddReleaseAsync("digits-v1.1.0-2", s => s with { Baseline = VersionName.Parse("v1.0.0") });
        host.Time.Advance(TimeSpan.FromDays(1_000));

        var applied = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/retention/apply").JsonAsync();

        Assert.Empty(applied["results"]!.AsArray());
        Assert.NotNull(host.Blobs.Find("models/digits/v1.0.0/model.onnx"));
    }

    [Fact]
    public async Task Deletion_only_where_the_policy_says_so_and_the_metadata_stays()
    {
        await using var host = await StartAsync("deleteAfter: 500d");
        var client = await host.AsAsync(Role.Operator);
        await host.RegisterAsync("digits", "v1.0.0");
        host.Time.Advance(TimeSpan.FromDays(500));

        var applied = await client.SendAsync("POST", "/api/retention/apply", """{"model":"digits"}""").JsonAsync();

        Assert.Equal((true, "done"), ((bool)applied["results"]![0]!["delete"]!, (string)applied["results"]![0]!["status"]!));
        Assert.Null(host.Blobs.Find("models/digits/v1.0.0/model.onnx"));
        Assert.True((await VersionAsync(host, "v1.0.0")).Deleted);
        await client.SendAsync("POST", "/api/releases", """{"model":"digits","version":"v1.0.0"}""").ProblemAsync(HttpStatusCode.Conflict, "version-deleted");
    }

    [Fact]
    public async Task Version_that_comes_into_use_while_it_is_marked_is_spared()
    {
        var deployments = new InUseOnceMarked();
        await using var host = await StartAsync("deleteAfter: 500d", s => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<IDeploymentStore>(s, deployments));
        await host.RegisterAsync("digits", "v1.0.0");
        host.Time.Advance(TimeSpan.FromDays(500));
        deployments.After = 2;

        var applied = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/retention/apply").JsonAsync();

        Assert.Equal(("skipped", "loaded"), ((string)applied["results"]![0]!["status"]!, (string)applied["results"]![0]!["message"]!));
        Assert.NotNull(host.Blobs.Find("models/digits/v1.0.0/model.onnx"));
        Assert.False((await VersionAsync(host, "v1.0.0")).Deleted);
    }

    [Fact]
    public async Task Missing_file_is_said_and_the_rest_goes_on()
    {
        await using var host = await StartAsync();
        await host.RegisterAsync("digits", "v1.0.0");
        await host.RegisterAsync("digits", "v1.1.0");
        host.Blobs.Delete("models/digits/v1.0.0/model.onnx");
        host.Time.Advance(TimeSpan.FromDays(40));

        var applied = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/retention/apply").JsonAsync();

        Assert.Equal(["missing", "done"], applied["results"]!.AsArray().Select(r => (string)r!["status"]!));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Hold_of_modelflow_is_lifted_before_the_deletion_whether_holds_are_on_or_off(bool isOn)
    {
        await using var host = await StartAsync("deleteAfter: 500d");
        await HeldAsync(host, noted: true);
        host.Get<InMemoryVersionHolds>().IsOn = isOn;

        var applied = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/retention/apply").JsonAsync();

        Assert.Equal("done", (string)applied["results"]![0]!["status"]!);
        Assert.Null(host.Blobs.Find("models/digits/v1.0.0/model.onnx"));
        Assert.Null((await host.Get<IDeploymentStore>().GetAsync(ModelName.Parse("digits"), VersionName.Parse("v1.0.0"), Http.Cancel))!.Hold);
    }

    [Fact]
    public async Task Hold_that_cannot_be_lifted_keeps_the_version_whole_and_stops_nothing_else()
    {
        await using var host = await StartAsync("deleteAfter: 500d");
        await HeldAsync(host, noted: true);
        await host.RegisterAsync("digits", "v1.1.0");
        host.Time.Advance(TimeSpan.FromDays(500));
        host.Get<InMemoryVersionHolds>().Instead = (_, _) => new SetHold.Incomplete("the storage is away");

        var applied = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/retention/apply").JsonAsync();

        Assert.Equal(["held", "done"], applied["results"]!.AsArray().Select(r => (string)r!["status"]!));
        Assert.Contains("the storage is away", (string)applied["results"]![0]!["message"]!, StringComparison.Ordinal);
        Assert.NotNull(host.Blobs.Find("models/digits/v1.0.0/model.onnx"));
        Assert.False((await VersionAsync(host, "v1.0.0")).Deleted);
    }

    [Fact]
    public async Task Hold_of_a_person_stays_and_keeps_the_version_whole()
    {
        await using var host = await StartAsync("deleteAfter: 500d");
        await HeldAsync(host, noted: false);

        var applied = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/retention/apply").JsonAsync();

        Assert.Equal(("held", "model.onnx has a legal hold that ModelFlow did not set"), ((string)applied["results"]![0]!["status"]!, (string)applied["results"]![0]!["message"]!));
        Assert.True(host.Blobs.Find("models/digits/v1.0.0/model.onnx")!.Held);
        Assert.False((await VersionAsync(host, "v1.0.0")).Deleted);
    }

    [Fact]
    public async Task Move_to_a_colder_tier_needs_no_lifting()
    {
        await using var host = await StartAsync();
        await HeldAsync(host, noted: true);
        host.Get<InMemoryVersionHolds>().Instead = (_, _) => new SetHold.Refused("no right");

        var applied = await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/retention/apply").JsonAsync();

        Assert.Equal("done", (string)applied["results"]![0]!["status"]!);
        Assert.Equal(StorageTier.Archive, host.Blobs.Find("models/digits/v1.0.0/model.onnx")!.Tier);
    }

    private static async Task HeldAsync(ApiHost host, bool noted)
    {
        await host.RegisterAsync("digits", "v1.0.0");
        await host.LoadAsync("digits", "v1.0.0", loaded: false);
        if (noted)
        {
            await host.Get<IDeploymentStore>().UpdateAsync(
                ModelName.Parse("digits"), VersionName.Parse("v1.0.0"), d => d! with { Hold = new VersionHold { Since = host.Time.GetUtcNow() } }, Http.Cancel);
        }

        host.Blobs.SetHold("models/digits/v1.0.0/model.onnx", held: true);
        host.Time.Advance(TimeSpan.FromDays(500));
    }

    private static async Task<ApiHost> StartAsync(string retention = "keepStable: 1", Action<Microsoft.Extensions.DependencyInjection.IServiceCollection>? configure = null)
    {
        var host = await ApiHost.StartAsync(configure);
        await host.Get<IPolicyStore>().SetAsync(null, $"{PolicyText.Minimal}\nretention:\n  {retention}\n", Http.Cancel);
        return host;
    }

    private static async Task<VersionRecord> VersionAsync(ApiHost host, string version) =>
        (await host.Get<IVersionCatalog>().GetAsync(ModelName.Parse("digits"), VersionName.Parse(version), Http.Cancel))!;

    // Nothing is loaded, until it was asked a number of times: as if somebody loaded the version right then.
    private sealed class InUseOnceMarked : IDeploymentStore
    {
        private int _asked;

        public int After { get; set; }

        public Task<Deployment?> GetAsync(ModelName model, VersionName version, CancellationToken cancellationToken) => Task.FromResult<Deployment?>(null);

        public Task<Deployment?> UpdateAsync(ModelName model, VersionName version, Func<Deployment?, Deployment?> change, CancellationToken cancellationToken) => throw new NotSupportedException();

        public async IAsyncEnumerable<Deployment> ListAsync(ModelName model, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
        {
            await Task.CompletedTask;
            if (++_asked > After)
            {
                yield return new Deployment { Model = model, Version = VersionName.Parse("v1.0.0"), Endpoints = [], LoadedAt = default, LoadTime = default, Loaded = true };
            }
        }

        public IAsyncEnumerable<Deployment> ListAllAsync(CancellationToken cancellationToken) => throw new NotSupportedException();
    }
}
