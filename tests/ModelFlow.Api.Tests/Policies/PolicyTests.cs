using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Tests.Policies;

public sealed class PolicyTests
{
    private const string Yaml = "application/yaml";

    [Fact]
    public async Task Check_says_every_mistake_and_changes_nothing()
    {
        await using var host = await ApiHost.StartAsync();
        var reader = await host.AsAsync(Role.Reader);

        var wrong = await reader.SendAsync("POST", "/api/policies/check", "smoke: 5\nramp:\n  steps: []\nunknown: 1\n", Yaml).JsonAsync();
        var right = await reader.SendAsync("POST", "/api/policies/check", PolicyText.Minimal, Yaml).JsonAsync();

        Assert.False((bool)wrong["valid"]!);
        var paths = wrong["errors"]!.AsArray().Select(e => (string)e!["path"]!).ToList();
        Assert.Contains("unknown", paths);
        Assert.Contains("evaluation", paths);
        Assert.True((bool)right["valid"]!);
        Assert.Equal(Sha256Digest.Of(PolicyText.Minimal).ToString(), (string)right["digest"]!);
        Assert.Equal(["smoke.dataset", "evaluation.dataset"], right["warnings"]!.AsArray().Select(w => (string)w!["path"]!));
        Assert.Null(await host.Get<IPolicyStore>().GetAsync(Sha256Digest.Of(PolicyText.Minimal), Http.Cancel));
    }

    [Fact]
    public async Task Check_says_how_many_outcomes_an_experiment_needs()
    {
        await using var host = await ApiHost.StartAsync();
        var yaml = PolicyText.Minimal + """

            ramp:
              steps:
                - { weight: 5 %, bake: 1m }
                - { weight: 50 %, bake: 1m, experiment: { mode: fixed, minimumEffect: 5 % } }
                - { weight: 100 %, bake: 1m }
            """;
        var answer = await (await host.AsAsync(Role.Reader)).SendAsync("POST", "/api/policies/check", yaml, Yaml).JsonAsync();

        var planned = Assert.Single(answer["experiments"]!.AsArray())!;
        Assert.Equal("ramp.steps[1].experiment", (string)planned["path"]!);
        Assert.Equal((1570, 1570), ((int)planned["plan"]!["candidate"]!, (int)planned["plan"]!["stable"]!));
    }

    [Fact]
    public async Task Policy_is_set_for_all_and_for_one_model_and_read_back()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);
        var own = PolicyText.Minimal + "\nkeepLoaded: 5m\n";

        await admin.SendAsync("GET", "/api/policies/default").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        await admin.SendAsync("PUT", "/api/policies/default", PolicyText.Minimal, Yaml).JsonAsync();
        await admin.SendAsync("PUT", "/api/models/digits/policy", own, Yaml).JsonAsync();
        var mine = await admin.SendAsync("GET", "/api/models/digits/policy").JsonAsync();
        var others = await admin.SendAsync("GET", "/api/models/other/policy").JsonAsync();
        var byDigest = await admin.SendAsync("GET", $"/api/policies/{mine["digest"]}").JsonAsync();
        var byDefault = await admin.SendAsync("GET", "/api/policies/default").JsonAsync();

        Assert.Equal(own, (string)mine["yaml"]!);
        Assert.Equal(PolicyText.Minimal, (string)others["yaml"]!);
        Assert.Equal(own, (string)byDigest["yaml"]!);
        Assert.Equal(PolicyText.Minimal, (string)byDefault["yaml"]!);
        Assert.Equal("policySet", (string)(await admin.SendAsync("GET", "/api/audit/_system").JsonAsync())["items"]![0]!["entry"]!["action"]!);
        Assert.Equal("policySet", (string)(await admin.SendAsync("GET", "/api/audit/digits").JsonAsync())["items"]![0]!["entry"]!["action"]!);
    }

    [Theory]
    [InlineData("")]
    [InlineData("smoke: [")]
    [InlineData("a: &a [*a, *a]")]
    [InlineData("just text")]
    public async Task What_is_no_policy_is_not_set(string text)
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);

        await admin.SendAsync("PUT", "/api/policies/default", text, Yaml).ProblemAsync(HttpStatusCode.BadRequest, "invalid-request");

        Assert.Null(await host.Get<IPolicyStore>().FindDefaultAsync(Http.Cancel));
    }

    [Fact]
    public async Task Text_that_is_not_utf8_is_refused()
    {
        await using var host = await ApiHost.StartAsync();
        var request = new HttpRequestMessage(HttpMethod.Post, "/api/policies/check") { Content = new ByteArrayContent([0x73, 0xFF, 0xFE]) };
        request.Content.Headers.ContentType = new(Yaml);

        await (await host.AsAsync(Role.Reader)).SendAsync(request, Http.Cancel).ProblemAsync(HttpStatusCode.BadRequest, "invalid-request");
    }
}
