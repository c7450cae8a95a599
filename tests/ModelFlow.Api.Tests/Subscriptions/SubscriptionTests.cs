using System.Net;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Notifications;

namespace ModelFlow.Api.Tests.Subscriptions;

public sealed class SubscriptionTests
{
    private const string Ops = """{"name":"ops","address":"https://hooks.example.com:8443/in/secret-path?code=secret-code","models":"digits-*","events":["ended","ended"],"requestId":"r-1"}""";

    [Fact]
    public async Task Subscription_is_made_with_a_key_shown_once_and_keeps_its_address_secret()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin, "root");

        var made = await admin.SendAsync("POST", "/api/subscriptions", Ops).JsonAsync(HttpStatusCode.Created);
        var shown = await admin.SendAsync("GET", "/api/subscriptions/ops").JsonAsync();
        var listed = await admin.SendAsync("GET", "/api/subscriptions").JsonAsync();

        Assert.Matches("^whsec_[A-Za-z0-9+/]{43}=$", (string)made["key"]!);
        Assert.True(JsonNode.DeepEquals(made["subscription"], shown) && JsonNode.DeepEquals(shown, Assert.Single(listed["items"]!.AsArray())));
        Assert.Equal(("https://hooks.example.com:8443", "digits-*", "root"), ((string)shown["receiver"]!, (string)shown["models"]!, (string)shown["createdBy"]!));
        Assert.Equal(["ended"], shown["events"]!.AsArray().Select(e => (string)e!));
        var kept = (await host.Get<ISubscriptionStore>().FindAsync("ops", Http.Cancel))!;
        Assert.Equal("https://hooks.example.com:8443/in/secret-path?code=secret-code", host.Get<ISecretProtector>().Unprotect(kept.Address));
        Assert.Equal((string)made["key"]!, "whsec_" + host.Get<ISecretProtector>().Unprotect(kept.Keys[0].Protected));
        Assert.DoesNotContain("secret-path", System.Text.Json.JsonSerializer.Serialize(kept), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Name_is_taken_until_it_is_removed_and_everything_is_audited()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);
        await admin.SendAsync("POST", "/api/subscriptions", Ops).JsonAsync(HttpStatusCode.Created);

        await admin.SendAsync("POST", "/api/subscriptions", Ops.Replace("r-1", "r-2")).ProblemAsync(HttpStatusCode.Conflict, "name-taken");
        var paused = await admin.SendAsync("POST", "/api/subscriptions/ops/pause", """{"reason":"moving"}""").JsonAsync();
        var resumed = await admin.SendAsync("POST", "/api/subscriptions/ops/resume", "{}").JsonAsync();
        var key = await admin.SendAsync("POST", "/api/subscriptions/ops/key", "{}").JsonAsync();
        using var removed = await admin.SendAsync("DELETE", "/api/subscriptions/ops?reason=unused");

        Assert.Equal((host.Time.GetUtcNow(), "moving"), ((DateTimeOffset)paused["pausedAt"]!, (string)paused["pausedBecause"]!));
        Assert.Null(resumed["pausedAt"]);
        Assert.StartsWith("whsec_", (string)key["key"]!, StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        await admin.SendAsync("GET", "/api/subscriptions/ops").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        var audit = await host.Get<IAuditLog>().ReadAsync(AuditScope.System, Http.Cancel).Select(e => e.Entry.Action).ToListAsync(Http.Cancel);
        Assert.Equal(["subscriptionAdded", "subscriptionPaused", "subscriptionResumed", "subscriptionKeyRotated", "subscriptionRemoved"], audit);
        await admin.SendAsync("POST", "/api/subscriptions", Ops.Replace("r-1", "r-3")).JsonAsync(HttpStatusCode.Created);
    }

    [Theory]
    [InlineData("7")]
    [InlineData("1")]
    [InlineData("-1")]
    [InlineData("cloudEvents,teams")]
    [InlineData("")]
    public async Task Format_is_one_of_its_names_and_no_number(string format)
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Admin)).SendAsync("POST", "/api/subscriptions", Ops.Replace("\"models\"", $"\"format\":\"{format}\",\"models\"")).BlamesAsync("format");

        Assert.Empty(await host.Get<ISubscriptionStore>().ListAsync(Http.Cancel));
    }

    [Theory]
    [InlineData("""{"name":"Ops","address":"https://x.example/"}""", "name")]
    [InlineData("""{"name":"-ops","address":"https://x.example/"}""", "name")]
    [InlineData("""{"name":"ops"}""", "address")]
    [InlineData("""{"name":"ops","address":"/relative"}""", "address")]
    [InlineData("""{"name":"ops","address":"ftp://x.example/"}""", "address")]
    [InlineData("""{"name":"ops","address":"http://x.example/"}""", "address")]
    [InlineData("""{"name":"ops","address":"https://user:pass@x.example/"}""", "address")]
    [InlineData("""{"name":"ops","address":"https://169.254.169.254/metadata"}""", "address")]
    [InlineData("""{"name":"ops","address":"https://127.0.0.1/"}""", "address")]
    [InlineData("""{"name":"ops","address":"https://x.example/","models":"Digits"}""", "models")]
    [InlineData("""{"name":"ops","address":"https://x.example/","events":["ended","exploded"]}""", "events[1]")]
    public async Task Wrong_subscription_is_refused_with_its_field(string body, string field)
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);

        var problem = await admin.SendAsync("POST", "/api/subscriptions", body).ProblemAsync(HttpStatusCode.BadRequest, "invalid-request");

        Assert.Equal(field, (string)Assert.Single(problem["errors"]!.AsArray())!["path"]!);
        Assert.Empty(await host.Get<ISubscriptionStore>().ListAsync(Http.Cancel));
    }

    [Fact]
    public async Task Without_a_key_to_protect_with_none_can_be_made()
    {
        await using var host = await ApiHost.StartAsync(configure: s => s.PostConfigure<NotificationOptions>(o => o.ProtectionKeys.Clear()));
        var admin = await host.AsAsync(Role.Admin);

        await admin.SendAsync("POST", "/api/subscriptions", Ops).ProblemAsync(HttpStatusCode.Conflict, "not-configured");
    }

    [Fact]
    public async Task Test_message_is_entered_once_and_the_log_shows_it()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);
        await admin.SendAsync("POST", "/api/subscriptions", Ops).JsonAsync(HttpStatusCode.Created);

        var sent = await admin.SendAsync("POST", "/api/subscriptions/ops/test", """{"requestId":"t-1"}""").JsonAsync(HttpStatusCode.Accepted);
        await admin.SendAsync("POST", "/api/subscriptions/ops/test", """{"requestId":"t-1"}""").JsonAsync(HttpStatusCode.Accepted);
        var log = await admin.SendAsync("GET", "/api/subscriptions/ops/deliveries").JsonAsync();

        var entry = Assert.Single(log["items"]!.AsArray())!;
        Assert.Equal(((string)sent["id"]!, "pending"), ((string)entry["id"]!, (string)entry["status"]!));
        Assert.Equal("modelflow.test", (string)JsonNode.Parse((string)entry["body"]!)!["type"]!);
    }

    [Fact]
    public async Task Message_is_sent_again_when_asked_for()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);
        await admin.SendAsync("POST", "/api/subscriptions", Ops).JsonAsync(HttpStatusCode.Created);
        var now = host.Time.GetUtcNow();
        var arrived = new Delivery { Id = "digits-v1.0.0-1.3", At = now, Body = "{}", Status = DeliveryStatus.Delivered };
        await host.Get<IDeliveryStore>().EnterAsync("ops", [arrived], Http.Cancel);

        await admin.SendAsync("POST", "/api/subscriptions/ops/deliveries/digits-v1.0.0-1.3/redeliver", "{}").JsonAsync(HttpStatusCode.Accepted);

        Assert.Equal(arrived.Id, Assert.Single(await host.Get<IDeliveryStore>().DueAsync("ops", now, 10, Http.Cancel)).Id);
        await admin.SendAsync("POST", "/api/subscriptions/ops/deliveries/digits-v1.0.0-1.4/redeliver", "{}").ProblemAsync(HttpStatusCode.NotFound, "not-found");
    }
}
