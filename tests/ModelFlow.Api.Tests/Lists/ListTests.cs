using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Tests.Lists;

public sealed class ListTests
{
    [Fact]
    public async Task Rebuild_puts_the_lists_right_and_says_what_it_did()
    {
        await using var host = await ApiHost.StartAsync();
        await host.AddReleaseAsync("digits-v1.1.0-1");
        var index = host.Get<IReleaseIndex>();
        await index.RemoveRunningAsync(ReleaseId.Parse("digits-v1.1.0-1"), Http.Cancel);
        var admin = await host.AsAsync(Role.Admin, "restorer");

        var first = await admin.SendAsync("POST", "/api/lists/rebuild", """{"reason":"restored a backup","requestId":"r1"}""").JsonAsync();
        var again = await admin.SendAsync("POST", "/api/lists/rebuild", """{"reason":"restored a backup","requestId":"r1"}""").JsonAsync();

        Assert.Equal("""[{"name":"releases","entries":1,"entered":1,"removed":0}]""", first["items"]!.ToJsonString());
        Assert.Equal("""[{"name":"releases","entries":1,"entered":0,"removed":0}]""", again["items"]!.ToJsonString());
        Assert.Single(await index.ListRunningAsync(Http.Cancel).ToListAsync(Http.Cancel));
        var audit = await admin.SendAsync("GET", "/api/audit/_system").JsonAsync();
        var entry = Assert.Single(audit["items"]!.AsArray().Select(i => i!["entry"]!), e => (string)e["action"]! == "rebuildLists");
        Assert.Equal(("restorer", "rebuilds the lists: restored a backup"), ((string)entry["by"]!, (string)entry["message"]!));
    }

    [Fact]
    public async Task Rebuild_needs_no_body()
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Admin)).SendAsync("POST", "/api/lists/rebuild").JsonAsync();
    }

    [Fact]
    public async Task Rebuild_is_for_admins()
    {
        await using var host = await ApiHost.StartAsync();

        await (await host.AsAsync(Role.Operator)).SendAsync("POST", "/api/lists/rebuild", "{}").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }
}
