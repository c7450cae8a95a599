using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Tests.Freezes;

public sealed class FreezeTests
{
    [Theory]
    [InlineData("*", "_system")]
    [InlineData("digits", "digits")]
    [InlineData("digits-*", "_system")]
    public async Task Freeze_stands_until_it_is_lifted_and_both_are_audited(string scope, string chain)
    {
        await using var host = await ApiHost.StartAsync();
        var client = await host.AsAsync(Role.Operator, "bob");

        var freeze = await client.SendAsync("POST", "/api/freezes", $$"""{"scope":"{{scope}}","reason":"incident"}""").JsonAsync();
        var standing = await client.SendAsync("GET", "/api/freezes").JsonAsync();
        using var lifted = await client.SendAsync("DELETE", $"/api/freezes/{Uri.EscapeDataString(scope)}?reason=over");

        Assert.Equal((scope, "bob", "incident"), ((string)freeze["scope"]!, (string)freeze["by"]!, (string)freeze["reason"]!));
        Assert.Single(standing["items"]!.AsArray());
        Assert.Equal(HttpStatusCode.NoContent, lifted.StatusCode);
        Assert.Empty(await host.Get<IFreezeStore>().ListAsync(Http.Cancel));
        await client.SendAsync("DELETE", $"/api/freezes/{Uri.EscapeDataString(scope)}").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        var audit = await client.SendAsync("GET", $"/api/audit/{chain}").JsonAsync();
        Assert.Equal(["freeze", "unfreeze"], audit["items"]!.AsArray().Select(i => (string)i!["entry"]!["action"]!));
        var check = await client.SendAsync("GET", $"/api/audit/{chain}/verify").JsonAsync();
        Assert.Equal((true, 2), ((bool)check["intact"]!, (int)check["entries"]!));
    }

    [Fact]
    public async Task Repeated_request_is_audited_once()
    {
        await using var host = await ApiHost.StartAsync();
        var client = await host.AsAsync(Role.Operator);
        const string Json = """{"scope":"*","reason":"incident","requestId":"i-12"}""";

        await client.SendAsync("POST", "/api/freezes", Json).JsonAsync();
        await client.SendAsync("POST", "/api/freezes", Json).JsonAsync();

        Assert.Single((await client.SendAsync("GET", "/api/audit/_system").JsonAsync())["items"]!.AsArray());
    }

    [Fact]
    public async Task Audit_is_paged_by_number()
    {
        await using var host = await ApiHost.StartAsync();
        var client = await host.AsAsync(Role.Operator);
        for (var i = 0; i < 5; i++)
        {
            await client.SendAsync("POST", "/api/freezes", """{"scope":"*","reason":"again"}""").JsonAsync();
        }

        var page = await client.SendAsync("GET", "/api/audit/_system?after=1&limit=2").JsonAsync();

        Assert.Equal([2, 3], page["items"]!.AsArray().Select(i => (int)i!["seq"]!));
        Assert.Equal(3, (int)page["next"]!);
    }
}
