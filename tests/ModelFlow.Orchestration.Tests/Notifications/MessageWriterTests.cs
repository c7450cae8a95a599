using System.Text.Json.Nodes;
using System.Web;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Secrets;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Notifications;

public sealed class MessageWriterTests : IAsyncLifetime
{
    private static readonly Requester Admin = new("admin", "1");

    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;
    private int _subscriptions;

    public MessageWriterTests() => _world = new SimulatedWorld(_stores.AddTo);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() =>
        await _world.SetPolicyAsync(SimulatedWorld.Policy.Replace("approval: { required: 1, expiresAfter: 1h }", "approval: { required: 2, from: [ada, bo, 'group:heads'], expiresAfter: 1h }", StringComparison.Ordinal));

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Link_goesToWhoIsAsked_andSaysForWhomAndWhat()
    {
        await PersonAsync("ada");
        await PersonAsync("fay", "heads");
        await PersonAsync("gil");
        await SubscribeAsync("to-ada", "ada");
        await SubscribeAsync("to-fay", "fay");
        await SubscribeAsync("to-gil", "gil");
        await SubscribeAsync("to-all", person: null);

        var id = await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.0.0-base") ?? throw new InvalidOperationException();
        var asked = (await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false)).Asked!;

        var link = await LinkAsync("to-ada");
        Assert.Equal(("ada", id, asked.Evidence, asked.Demands[0].ExpiresAt), (link!.Person, link.Release, link.Evidence, link.Ends));
        Assert.Equal("fay", (await LinkAsync("to-fay"))!.Person);
        Assert.Null(await LinkAsync("to-gil"));
        Assert.Null(await LinkAsync("to-all"));
    }

    [Fact]
    public async Task Card_forTeams_isSentInsteadOfAnEvent_andOnlyForWhatMatters()
    {
        Assert.IsType<AddSubscription.Added>(await AddAsync("channel", MessageFormat.Teams, person: null));
        var id = await _world.UploadAsync(_stores.PutIncomingAsync, "digits", "v1.0.0-base") ?? throw new InvalidOperationException();
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);

        var sent = Assert.Single((await _world.Get<IDeliveryStore>().ListAsync("channel", 50, null, Cancel)).Items);
        Assert.Equal("message", (string)JsonNode.Parse(sent.Body)!["type"]!);
        Assert.Contains("asks for approval", sent.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Subscription_forNobody_isRefused() => Assert.IsType<AddSubscription.NoPerson>(await AddAsync("to-nobody", MessageFormat.CloudEvents, "nobody"));

    [Fact]
    public void Link_isOpenedAsSealed_andNothingElseIs()
    {
        var seal = new SealedText(_world.Get<ISecretProtector>(), ApprovalLink.Purpose);
        var link = new ApprovalLink("ada", Core.Naming.ReleaseId.Parse("digits-v1.0.0-base-1"), Core.Naming.Sha256Digest.Of("evidence"), _world.Time.GetUtcNow(), 12);
        var text = link.Seal(seal);

        Assert.Equal(link, ApprovalLink.Open(seal, text));
        Assert.Matches("^[A-Za-z0-9._-]+$", text);
        Assert.Null(ApprovalLink.Open(new SealedText(_world.Get<ISecretProtector>(), "session"), text));
        Assert.Null(ApprovalLink.Open(seal, ""));
        Assert.Null(ApprovalLink.Open(seal, "a.b"));
        Assert.NotEqual(link.SignalId, (link with { Number = 13 }).SignalId);
    }

    private async Task<ApprovalLink?> LinkAsync(string subscription)
    {
        var sent = Assert.Single((await _world.Get<IDeliveryStore>().ListAsync(subscription, 50, null, Cancel)).Items, d => d.Body.Contains("approvalAsked", StringComparison.Ordinal));
        var decide = (string?)JsonNode.Parse(sent.Body)!["data"]!["decide"];
        return decide is null ? null : ApprovalLink.Open(new SealedText(_world.Get<ISecretProtector>(), ApprovalLink.Purpose), HttpUtility.ParseQueryString(new Uri(decide).Query)["link"]!);
    }

    private async Task PersonAsync(string name, params string[] groups) => Assert.IsType<SetPerson.Done>(await _world.Get<ManagePeople>().SetAsync(name, [], groups, Admin, Cancel));

    private async Task SubscribeAsync(string name, string? person) => Assert.IsType<AddSubscription.Added>(await AddAsync(name, MessageFormat.CloudEvents, person));

    private Task<AddSubscription> AddAsync(string name, MessageFormat format, string? person)
    {
        Assert.True(Core.Naming.ModelScope.TryParse("*", out var all, out _));
        return _world.Get<ManageSubscriptions>().AddAsync(name, new Uri("https://hooks.example.com/x"), all, [], format, person, new byte[32], new Requester("admin", $"{_subscriptions++}"), Cancel);
    }
}
