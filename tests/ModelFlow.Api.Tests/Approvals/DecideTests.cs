using System.Net;
using System.Text.RegularExpressions;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Secrets;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Approvals;

/// <summary>The page behind a link that was sent to one person.</summary>
public sealed partial class DecideTests
{
    private const string Id = "digits-v1.0.0-1";

    [Fact]
    public async Task Opening_shows_the_evidence_and_decides_nothing()
    {
        await using var host = await HostAsync();
        for (var i = 0; i < 3; i++)
        {
            using var answer = await host.Anonymous().SendAsync("GET", $"/decide?link={Link(host)}");
            var html = await answer.Content.ReadAsStringAsync(Http.Cancel);

            Assert.Equal((HttpStatusCode.OK, "text/html"), (answer.StatusCode, answer.Content.Headers.ContentType!.MediaType));
            Assert.Contains("This page decides as ada.", html, StringComparison.Ordinal);
            Assert.Contains(Evidence.ToString(), html, StringComparison.Ordinal);
            Assert.DoesNotContain("script", html, StringComparison.OrdinalIgnoreCase);
            Assert.Contains("default-src 'none'", answer.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        }

        Assert.Empty(await SignalsAsync(host));
    }

    [Fact]
    public async Task Page_speaks_Chinese_to_who_asks_for_it()
    {
        await using var host = await HostAsync();
        var client = host.Anonymous();
        client.DefaultRequestHeaders.AcceptLanguage.ParseAdd("zh-CN,zh;q=0.9,en;q=0.8");
        Assert.Contains("批准", WebUtility.HtmlDecode(await client.GetStringAsync($"/decide?link={Link(host)}", Http.Cancel)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("approve", "", SignalKind.Approve)]
    [InlineData("reject", "too slow", SignalKind.Reject)]
    public async Task Form_decides_once_as_the_person(string decision, string comment, SignalKind kind)
    {
        await using var host = await HostAsync();
        var form = await OpenAsync(host);

        Assert.Equal(HttpStatusCode.OK, await form.SendAsync(decision, comment));
        var signal = Assert.Single(await SignalsAsync(host));
        Assert.Equal((kind, "ada", Evidence), (signal.Kind, signal.By, signal.Evidence));

        Assert.Equal(HttpStatusCode.Gone, await form.SendAsync("reject", "changed my mind"));
        Assert.Equal(HttpStatusCode.Gone, (await host.Anonymous().SendAsync("GET", $"/decide?link={Link(host)}")).StatusCode);
        Assert.Single(await SignalsAsync(host));
    }

    [Fact]
    public async Task Used_link_is_used_after_its_decision_was_taken_in_too()
    {
        await using var host = await HostAsync();
        var link = LinkOf(host);
        var store = host.Get<IReleaseStore>();
        var snapshot = (await store.LoadAsync(ReleaseId.Parse(Id), Http.Cancel))!;
        var open = new ReleaseEvent
        {
            Seq = snapshot.State.EventCount + 1, Kind = "approved", At = Samples.Now, By = "ada", Stage = "awaitingApproval", Message = "ada approved.",
            Data = new() { ["signal"] = (link with { Number = 0 }).SignalId }, PreviousHash = snapshot.State.EventHash, Hash = "",
        };
        var happened = open with { Hash = ReleaseEvents.HashOf(open) };
        await store.SaveAsync(snapshot, snapshot.State with { EventCount = happened.Seq, EventHash = happened.Hash }, [happened], [], Http.Cancel);

        Assert.Equal(HttpStatusCode.Gone, (await host.Anonymous().SendAsync("GET", $"/decide?link={Seal(host, link with { Number = 0 })}")).StatusCode);
    }

    [Fact]
    public async Task Rejection_without_a_reason_is_asked_for_one()
    {
        await using var host = await HostAsync();
        var form = await OpenAsync(host);
        Assert.Equal(HttpStatusCode.BadRequest, await form.SendAsync("reject", "  "));
        Assert.Equal(HttpStatusCode.BadRequest, await form.SendAsync("perhaps", "x"));
        Assert.Empty(await SignalsAsync(host));
    }

    [Fact]
    public async Task Form_of_another_site_or_browser_decides_nothing()
    {
        await using var host = await HostAsync();
        var form = await OpenAsync(host);

        Assert.Equal(HttpStatusCode.Forbidden, await form.SendAsync("approve", "", site: "cross-site"));
        Assert.Equal(HttpStatusCode.Forbidden, await form.SendAsync("approve", "", check: "guessed"));
        Assert.Equal(HttpStatusCode.Forbidden, await form.SendAsync("approve", "", cookie: false));
        Assert.Empty(await SignalsAsync(host));
    }

    public static TheoryData<string> Spoilt => ["", "x", "1.ab.cd", "1.00000000." + new string('A', 80), new string('A', 5_000), "forged", "truncated", "of another purpose", "of another ModelFlow", "of another shape", "not JSON"];

    [Theory]
    [MemberData(nameof(Spoilt))]
    public async Task Link_that_is_none_opens_nothing(string spoilt)
    {
        await using var host = await HostAsync();
        var good = Link(host);
        var link = spoilt switch
        {
            "forged" => good[..^3] + (good[^3] == 'A' ? 'B' : 'A') + good[^2..],
            "truncated" => good[..^8],
            "of another purpose" => LinkOf(host).Seal(new SealedText(host.Get<ISecretProtector>(), "session")),
            "of another shape" or "not JSON" => new SealedText(host.Get<ISecretProtector>(), ApprovalLink.Purpose).Seal(spoilt == "not JSON" ? spoilt : "{}").Replace('+', '-').Replace('/', '_').TrimEnd('='),
            "of another ModelFlow" => good[..2] + "00000000" + good[10..],
            _ => spoilt,
        };
        using var answer = await host.Anonymous().SendAsync("GET", $"/decide?link={link}");
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.DoesNotContain("ada", await answer.Content.ReadAsStringAsync(Http.Cancel), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Guessing_is_slowed_down()
    {
        await using var host = await HostAsync();
        var client = host.Anonymous();
        var answers = new List<HttpStatusCode>();
        for (var i = 0; i < 40; i++)
        {
            answers.Add((await client.SendAsync("GET", $"/decide?link=1.00000000.guess{i}")).StatusCode);
        }

        Assert.Equal(HttpStatusCode.NotFound, answers[0]);
        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
    }

    [Fact]
    public async Task Expired_link_decides_nothing()
    {
        await using var host = await HostAsync();
        var form = await OpenAsync(host);
        host.Time.Advance(TimeSpan.FromDays(3));
        Assert.Equal(HttpStatusCode.Gone, await form.SendAsync("approve", ""));
        Assert.Empty(await SignalsAsync(host));
    }

    [Fact]
    public async Task Link_to_other_evidence_decides_nothing()
    {
        await using var host = await HostAsync();
        var link = Seal(host, LinkOf(host) with { Evidence = Sha256Digest.Of("another report") });
        Assert.Equal(HttpStatusCode.Gone, (await host.Anonymous().SendAsync("GET", $"/decide?link={link}")).StatusCode);
    }

    [Fact]
    public async Task Link_to_a_release_that_has_ended_decides_nothing()
    {
        await using var host = await HostAsync();
        await host.AddReleaseAsync("digits-v2.0.0-1", s => s with { Stage = new Stage.Ended(Outcome.Stable, "fine") });
        var link = Seal(host, LinkOf(host) with { Release = ReleaseId.Parse("digits-v2.0.0-1") });
        Assert.Equal(HttpStatusCode.Gone, (await host.Anonymous().SendAsync("GET", $"/decide?link={link}")).StatusCode);
    }

    [Fact]
    public async Task Link_of_a_removed_person_decides_nothing()
    {
        await using var host = await HostAsync();
        var form = await OpenAsync(host);
        await host.Get<IPeopleStore>().UpdateAsync("ada", p => p! with { RemovedAt = Samples.Now }, Http.Cancel);
        Assert.Equal(HttpStatusCode.Forbidden, await form.SendAsync("approve", ""));
        Assert.Empty(await SignalsAsync(host));
    }

    [Fact]
    public async Task Release_shows_what_is_asked_and_who_counts()
    {
        await using var host = await HostAsync();
        var reader = await host.AsAsync(Role.Reader);
        var approval = (await reader.SendAsync("GET", $"/api/releases/{Id}").JsonAsync())["approval"]!;
        Assert.Equal(("ramp", Evidence.ToString(), 2), ((string)approval["point"]!, (string)approval["evidence"]!, (int)approval["rules"]![0]!["required"]!));

        var waiting = await reader.SendAsync("GET", "/api/approvals").JsonAsync();
        Assert.Equal((Id, false), ((string)waiting["items"]![0]!["release"]!, (bool)waiting["items"]![0]!["mayDecide"]!));
        var ada = await (await host.AsAsync(Role.Approver, "ada-laptop")).SendAsync("GET", "/api/approvals").JsonAsync();
        Assert.True((bool)ada["items"]![0]!["mayDecide"]!);
        var other = await (await host.AsAsync(Role.Approver, "carol")).SendAsync("GET", "/api/approvals").JsonAsync();
        Assert.Equal("the policy asks ada, bo", (string)other["items"]![0]!["whyNot"]!);
    }

    [Fact]
    public async Task Decision_on_other_evidence_is_refused()
    {
        await using var host = await HostAsync();
        var carol = await host.AsAsync(Role.Approver, "carol");
        await carol.SendAsync("POST", $"/api/releases/{Id}/decisions", $$"""{"decision":"approve","evidence":"{{Sha256Digest.Of("old")}}"}""").ProblemAsync(HttpStatusCode.Conflict, "evidence-changed");
        await carol.SendAsync("POST", $"/api/releases/{Id}/decisions", """{"decision":"approve","evidence":"sha"}""").BlamesAsync("evidence");
        await carol.SendAsync("POST", $"/api/releases/{Id}/decisions", $$"""{"decision":"approve","evidence":"{{Evidence}}"}""").JsonAsync(HttpStatusCode.Accepted);
        Assert.Equal(Evidence, Assert.Single(await SignalsAsync(host)).Evidence);
    }

    [Fact]
    public async Task People_are_entered_changed_and_removed()
    {
        await using var host = await HostAsync();
        var admin = await host.AsAsync(Role.Admin);
        var entered = await admin.SendAsync("PUT", "/api/people/fay", """{"identities":["fay-laptop"],"groups":["heads"]}""").JsonAsync();
        Assert.Equal("heads", (string)entered["groups"]![0]!);
        await admin.SendAsync("PUT", "/api/people/gil", """{"identities":["ada-laptop"]}""").ProblemAsync(HttpStatusCode.Conflict, "identity-taken");
        await admin.SendAsync("PUT", "/api/people/modelflow", "{}").BlamesAsync("name");
        await admin.SendAsync("PUT", "/api/people/gil", """{"identities":["a b"],"groups":[""]}""").BlamesAsync("identities[0]", "groups[0]");
        Assert.Equal(HttpStatusCode.NoContent, (await admin.SendAsync("DELETE", "/api/people/fay?reason=left")).StatusCode);
        await admin.SendAsync("DELETE", "/api/people/nobody").ProblemAsync(HttpStatusCode.NotFound, "not-found");
        Assert.NotNull((await admin.SendAsync("GET", "/api/people").JsonAsync())["items"]!.AsArray().Single(p => (string)p!["name"]! == "fay")!["removedAt"]);
    }

    private static Sha256Digest Evidence { get; } = Sha256Digest.Of("evidence");

    private static async Task<ApiHost> HostAsync()
    {
        var host = await ApiHost.StartAsync();
        await host.Get<IPeopleStore>().UpdateAsync("ada", _ => new() { Name = "ada", Identities = ["ada-laptop"], CreatedAt = Samples.Now }, Http.Cancel);
        var now = host.Time.GetUtcNow();
        await host.AddReleaseAsync(Id, s => s with
        {
            Stage = new Stage.AwaitingApproval(2, now.AddDays(3)),
            Uploader = "alice",
            Asked = new ApprovalRequest
            {
                Evidence = Evidence, AskedAt = now, Then = AfterApproval.Turn,
                Demands = [new ApprovalDemand { Rule = new ApprovalRule { Required = 2, From = ["ada", "bo"] }, ExpiresAt = now.AddDays(3) }],
            },
        });
        return host;
    }

    private static ApprovalLink LinkOf(ApiHost host) => new("ada", ReleaseId.Parse(Id), Evidence, host.Time.GetUtcNow().AddDays(3), 7);

    private static string Link(ApiHost host) => Seal(host, LinkOf(host));

    private static string Seal(ApiHost host, ApprovalLink link) => link.Seal(new SealedText(host.Get<ISecretProtector>(), ApprovalLink.Purpose));

    private static async Task<IReadOnlyList<Signal>> SignalsAsync(ApiHost host) => (await host.Get<IReleaseStore>().LoadAsync(ReleaseId.Parse(Id), Http.Cancel))!.Signals;

    private static async Task<OpenForm> OpenAsync(ApiHost host)
    {
        using var answer = await host.Anonymous().SendAsync("GET", $"/decide?link={Link(host)}");
        var html = await answer.Content.ReadAsStringAsync(Http.Cancel);
        return new OpenForm(host, answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0], Field(html, "link"), Field(html, "check"));
    }

    private static string Field(string html, string name) => WebUtility.HtmlDecode(Hidden().Matches(html).Single(m => m.Groups["name"].Value == name).Groups["value"].Value);

    [GeneratedRegex("""<input type="hidden" name="(?<name>[a-z]+)" value="(?<value>[^"]*)">""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Hidden();

    private sealed record OpenForm(ApiHost Host, string Cookie, string Link, string Check)
    {
        public async Task<HttpStatusCode> SendAsync(string decision, string comment, string? site = "same-origin", string? check = null, bool cookie = true)
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/decide")
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["link"] = Link, ["check"] = check ?? Check, ["decision"] = decision, ["comment"] = comment,
                }),
            };
            if (cookie)
            {
                request.Headers.Add("Cookie", Cookie);
            }

            if (site is not null)
            {
                request.Headers.Add("Sec-Fetch-Site", site);
            }

            return (await Host.Anonymous().SendAsync(request, Http.Cancel)).StatusCode;
        }
    }
}
