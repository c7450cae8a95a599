using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Tokens;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.SignIn;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Secrets;
using ModelFlow.Core.Serialization;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>A host on a real socket with something of everything in its stores, and every kind of credential, good and bad, for it.</summary>
public sealed class HostileSetup : IAsyncDisposable
{
    public const string SessionName = "__Host-modelflow";
    public const string ProviderSecret = "CANARY-OIDC-CLIENT-SECRET";
    private const string Hook = "/hooks/CANARYHOOKPATH?code=CANARYHOOKCODE";

    private IServiceCollection _services = null!; // Set while the host is made.

    private HostileSetup(TestProvider provider) => Provider = provider;

    public TestProvider Provider { get; }

    public ApiHost Host { get; private set; } = null!; // Set before StartAsync returns, as what follows.

    public StoreDigest Stores { get; private set; } = null!;

    public int Port { get; private set; }

    /// <summary>A token of all six roles.</summary>
    public string Everything { get; private set; } = "";

    public string Reader { get; private set; } = "";

    public string Gateway { get; private set; } = "";

    /// <summary>Roles over another model than the one that requests are about.</summary>
    public string OfAnother { get; private set; } = "";

    /// <summary>A session of <see cref="Everything"/>, as its cookie's value.</summary>
    public string Session { get; private set; } = "";

    /// <summary>A personal link that works.</summary>
    public string Link { get; private set; } = "";

    /// <summary>Headers that let nobody in, each with what it is.</summary>
    public List<(string What, string[] Headers)> Refused { get; } = [];

    /// <summary>Personal links that open nothing, each with what it is.</summary>
    public List<(string What, string Link)> DeadLinks { get; } = [];

    /// <summary>What must be in no answer and no line of the log.</summary>
    public List<string> Canaries { get; } = [];

    public static async Task<HostileSetup> StartAsync()
    {
        var provider = await TestProvider.StartAsync(new Microsoft.Extensions.Time.Testing.FakeTimeProvider(Samples.Now));
        var setup = new HostileSetup(provider);
        var key = Convert.ToBase64String(Encoding.ASCII.GetBytes("CANARY-PROTECTION-KEY-32-BYTES--"));
        var signing = Samples.NewAuditKey();
        setup.Host = await ApiHost.StartAsync(
            services =>
            {
                setup._services = services;

                // The test's server is left out again, and the real one, which was there before it, serves.
                services.Remove(services.Last(s => s.ServiceType == typeof(IServer)));
            },
            app => app.Urls.Add("http://127.0.0.1:0"),
            ("Notifications:ProtectionKeys:0", key), ("Oidc:Authority", provider.Authority), ("Oidc:ClientId", TestProvider.Client), ("Oidc:ClientSecret", ProviderSecret), ("Oidc:Audience", TestProvider.Audience),
            ("Api:RequestBurst", "100000"), ("Api:RequestsPerSecond", "100000"), ("Api:FailedAuthenticationBurst", "10000"), ("Api:FailedAuthenticationsPerSecond", "1000"), ("Audit:SigningKeys:0", signing));
        setup.Port = new Uri(setup.Host.Application.Urls.Single()).Port;
        setup.Stores = new StoreDigest(setup.Host, setup._services);
        await setup.FillAsync();
        await setup.CredentialsAsync();
        setup.Links();
        setup.Canaries.AddRange([key, signing, ProviderSecret, "CANARYHOOKPATH", "CANARYHOOKCODE", setup.Everything, setup.Reader, setup.Gateway, setup.OfAnother, setup.Session]);
        return setup;
    }

    /// <summary>Lets no canary go by, and forgets what was read.</summary>
    public void CheckLog()
    {
        while (Host.Log.Lines.TryDequeue(out var line))
        {
            Assert.False(line.StartsWith("Error ", StringComparison.Ordinal) || line.StartsWith("Critical ", StringComparison.Ordinal), line);
            Assert.All(Canaries, c => Assert.DoesNotContain(c, line, StringComparison.Ordinal));

            // The framework's line of each request has its address, and with it a link that is opened: docs/security.md says so, and no host of ours logs it.
            if (!line.Contains("Microsoft.AspNetCore.Hosting.Diagnostics", StringComparison.Ordinal))
            {
                Assert.DoesNotContain(Link, line, StringComparison.Ordinal);
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Host.DisposeAsync();
        await Provider.DisposeAsync();
    }

    private async Task FillAsync()
    {
        await Host.RegisterAsync("digits", "v1.0.0");
        await Host.RegisterAsync("digits", "v1.1.0");
        await Host.RegisterAsync("other", "v1.0.0");
        await Host.MakeStableAsync("digits", "v1.0.0");
        await Host.MakeStableAsync("digits", "v1.1.0");
        var people = Host.Get<IPeopleStore>();
        foreach (var name in new[] { "ada", "reader" })
        {
            await people.UpdateAsync(name, _ => new() { Name = name, Identities = [name + "-desk"], CreatedAt = Samples.Now }, Http.Cancel);
        }

        await people.UpdateAsync("gone", _ => new() { Name = "gone", Identities = [], CreatedAt = Samples.Now, RemovedAt = Samples.Now }, Http.Cancel);
        var now = Host.Time.GetUtcNow();
        await Host.AddReleaseAsync("digits-v1.1.0-1", s => s with
        {
            Stage = new Stage.AwaitingApproval(2, now.AddDays(3)),
            Uploader = "alice",
            Asked = new ApprovalRequest
            {
                Evidence = Evidence, AskedAt = now, Then = AfterApproval.Turn,
                Demands = [new ApprovalDemand { Rule = new ApprovalRule { Required = 2 }, ExpiresAt = now.AddDays(3) }],
            },
        });
        await Host.AddReleaseAsync("digits-v1.0.0-1", s => s with { Stage = new Stage.Ended(Outcome.Stable, "fine") });
        await Host.Get<IPolicyStore>().SetAsync(null, PolicyText.Minimal, Http.Cancel);
    }

    private async Task CredentialsAsync()
    {
        Everything = await Host.AddTokenAsync("everything", Enum.GetValues<Role>());
        Reader = await Host.AddTokenAsync("reader", Role.Reader);
        Gateway = await Host.AddTokenAsync("gateway", Role.Gateway);
        OfAnother = await Host.AddTokenAsync("of-another", "reader:other", "uploader:other", "approver:other", "operator:other");
        var admin = new RawConnection(Port);
        using (admin)
        {
            // A subscription with secrets, and a session.
            var bearer = "Authorization: Bearer " + Everything;
            var subscribed = await SendAsync(admin, "POST", "/api/subscriptions", $$"""{"name":"reader","address":"https://hooks.example.com{{Hook}}"}""", bearer);
            Canaries.Add((string)JsonNode.Parse(subscribed.Body)!["key"]!);
            var granted = await SendAsync(admin, "POST", "/api/uploads/grants", """{"model":"digits","version":"v3.0.0","files":["model.onnx"]}""", bearer);
            Canaries.Add(new Uri((string)JsonNode.Parse(granted.Body)!["manifest"]!["url"]!).PathAndQuery);
            await SendAsync(admin, "POST", "/api/freezes", """{"scope":"digits","reason":"x"}""", bearer);
            var opened = await SendAsync(admin, "POST", "/api/session", $$"""{"token":"{{Everything}}"}""");
            Session = opened.Header("Set-Cookie")!.Split(';')[0].Split('=', 2)[1];
        }

        var store = Host.Get<ITokenStore>();
        var (expired, revoked) = (TokenSecret.Create(), TokenSecret.Create());
        await store.AddAsync(new TokenRecord { Name = "expired", SecretHash = expired.Hash, Roles = ["admin"], CreatedAt = Samples.Now.AddDays(-2), ExpiresAt = Samples.Now.AddDays(-1) }, Http.Cancel);
        await store.AddAsync(new TokenRecord { Name = "revoked", SecretHash = revoked.Hash, Roles = ["admin"], CreatedAt = Samples.Now.AddDays(-2) }, Http.Cancel);
        await store.RevokeAsync("revoked", Samples.Now.AddDays(-1), Http.Cancel);
        string Bearer(string token) => "Authorization: Bearer " + token;
        string Cookie(string value) => $"Cookie: {SessionName}={value}";
        string Shape(string text, string purpose = "session") => new SealedText(Host.Get<ISecretProtector>(), purpose).Seal(text).Replace('+', '-').Replace('/', '_').Replace('=', '~');
        string Sealed(string? token, DateTimeOffset ends, string purpose = "session") => Shape(JsonSerializer.Serialize(new { token, ends }, CoreJson.Options), purpose);
        var later = Samples.Now.AddHours(1);
        string[] own = ["x-modelflow-request: 1"];

        Refused.AddRange(
        [
            ("nothing", []), ("an unknown token", [Bearer("mf_" + new string('A', 43))]), ("an expired token", [Bearer(expired.Reveal())]), ("a revoked token", [Bearer(revoked.Reveal())]),
            ("a truncated token", [Bearer(Everything[..^1])]), ("a token and more", [Bearer(Everything + "A")]), ("a token's other letter case", [Bearer(SwapCase(Everything))]),
            ("a token twice", [Bearer(Everything), Bearer(Everything)]), ("two tokens with a comma", [Bearer(Everything + ", Bearer " + Reader)]), ("a token as Basic", ["Authorization: Basic " + Convert.ToBase64String(Encoding.ASCII.GetBytes("admin:" + Everything))]),
            ("a token without its scheme", ["Authorization: " + Everything]), ("a token in other headers", ["X-Api-Key: " + Everything, "Proxy-Authorization: Bearer " + Everything, "x-functions-key: " + Everything]),
            ("a token with NUL", [Bearer(Everything + "\0")]), ("a token's hash", [Bearer(Sha256Digest.Of(Everything).Hex)]), ("a long token", [Bearer("mf_" + new string('A', 20_000))]),
            ("claims of a proxy", ["X-MS-CLIENT-PRINCIPAL: " + Convert.ToBase64String("""{"claims":[{"typ":"roles","val":"admin"}]}"""u8), "X-Forwarded-User: admin", "X-Remote-User: admin", "X-Original-URL: /api/health/live", "Forwarded: for=127.0.0.1;proto=https"]),
            ("a cookie of nonsense", [Cookie("nonsense"), .. own]), ("an empty cookie", [Cookie(""), .. own]), ("a truncated cookie", [Cookie(Session[..^6]), .. own]), ("a changed cookie", [Cookie(Session[..^8] + (Session[^8] == 'A' ? 'B' : 'A') + Session[^7..]), .. own]),
            ("parts of a cookie that are not there", [Cookie("chunks-3"), .. own]), ("very many parts of a cookie", [Cookie("chunks-2147483647"), .. own]), ("no number of parts of a cookie", [Cookie("chunks--1"), .. own]),
            ("a cookie in parts that are none", [$"Cookie: {SessionName}=chunks-2; {SessionName}C1=a; {SessionName}C2=b", .. own]),
            ("a cookie of a link's purpose", [Cookie(Sealed(Everything, later, ApprovalLink.Purpose)), .. own]), ("a session that is over", [Cookie(Sealed(Everything, Samples.Now)), .. own]),
            ("a session of a revoked token", [Cookie(Sealed(revoked.Reveal(), later)), .. own]), ("a session of nobody", [Cookie(Sealed(null, later)), .. own]), ("a session of another ModelFlow's shape", [Cookie(Shape("""{"who":"admin"}""")), .. own]), ("a session that is null", [Cookie(Shape("null")), .. own]), ("a session that is no JSON", [Cookie(Shape("nonsense")), .. own]), ("a session by the loopback name", ["Cookie: modelflow=" + Session, .. own]),
            ("a signed token without a signature", [Bearer(Unsigned(Provider.Token(), ""))]), ("a signed token with alg none", [Bearer(Unsigned(Provider.Token(), null))]), ("a signed token that was changed", [Bearer(Provider.Token()[..^4] + "AAAA")]),
            ("a signed token of another key", [Bearer(Provider.Token(d => Change(d, () => d.SigningCredentials = new SigningCredentials(new RsaSecurityKey(RSA.Create(2048)) { KeyId = Provider.Key.KeyId }, SecurityAlgorithms.RsaSha256))))]),
            ("a signed token with the public key as a shared one", [Bearer(Provider.Token(d => Change(d, () => d.SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(Provider.Key.Rsa.ExportSubjectPublicKeyInfo()) { KeyId = Provider.Key.KeyId }, SecurityAlgorithms.HmacSha256))))]),
            ("a signed token of yesterday", [Bearer(Provider.Token(d => Change(d, () => (d.IssuedAt, d.NotBefore, d.Expires) = (Samples.Now.UtcDateTime.AddDays(-1), Samples.Now.UtcDateTime.AddDays(-1), Samples.Now.UtcDateTime.AddHours(-23)))))]),
            ("a signed token for others", [Bearer(Provider.Token(d => Change(d, () => d.Audience = TestProvider.Client)))]), ("a signed token of another issuer", [Bearer(Provider.Token(d => Change(d, () => d.Issuer = "https://evil.example.com")))]),
            ("a signed token that is three points", [Bearer("..")]), ("a signed token of nonsense", [Bearer("a.b.c")]), ("a signed token that is deep", [Bearer(Encode(new string('[', 5_000)) + "." + Encode("{}") + ".x")]),
        ]);
    }

    private void Links()
    {
        var seal = new SealedText(Host.Get<ISecretProtector>(), ApprovalLink.Purpose);
        var good = new ApprovalLink("ada", ReleaseId.Parse("digits-v1.1.0-1"), Evidence, Samples.Now.AddDays(3), 7);
        Link = good.Seal(seal);
        DeadLinks.AddRange(
        [
            ("empty", ""), ("nonsense", "x"), ("points", ".."), ("long", new string('A', 6_000)), ("truncated", Link[..^8]), ("changed", Link[..^3] + (Link[^3] == 'A' ? 'B' : 'A') + Link[^2..]), ("of another key", Link[..2] + "00000000" + Link[10..]),
            ("of a session's purpose", good.Seal(new SealedText(Host.Get<ISecretProtector>(), "session"))), ("over", (good with { Ends = Samples.Now }).Seal(seal)), ("on other evidence", (good with { Evidence = Sha256Digest.Of("other") }).Seal(seal)),
            ("of an ended release", (good with { Release = ReleaseId.Parse("digits-v1.0.0-1") }).Seal(seal)), ("of no release", (good with { Release = ReleaseId.Parse("digits-v9.9.9-1") }).Seal(seal)), ("of a removed person", (good with { Person = "gone" }).Seal(seal)),
            ("null", seal.Seal("null").Replace('+', '-').Replace('/', '_').TrimEnd('=')), ("of another shape", seal.Seal("{}").Replace('+', '-').Replace('/', '_').TrimEnd('=')), ("not JSON", seal.Seal("nonsense").Replace('+', '-').Replace('/', '_').TrimEnd('=')), ("twice", Link + "&link=" + Link),
        ]);
    }

    private static Sha256Digest Evidence { get; } = Sha256Digest.Of("evidence");

    private static async Task<RawAnswer> SendAsync(RawConnection connection, string method, string path, string json, params string[] headers)
    {
        var answer = await connection.SendAsync(new RawRequest { Method = method, Target = path, Headers = headers, Body = Encoding.UTF8.GetBytes(json), ContentType = "application/json" }, Http.Cancel);
        Assert.True(answer is { Status: 200 or 201 }, $"{method} {path}: {answer?.Status} {answer?.Body}");
        return answer!; // As was just seen.
    }

    private static SecurityTokenDescriptor Change(SecurityTokenDescriptor descriptor, Action change)
    {
        change();
        return descriptor;
    }

    private static string SwapCase(string text) => new([.. text.Select((c, i) => i < 3 ? c : char.IsUpper(c) ? char.ToLowerInvariant(c) : char.ToUpperInvariant(c))]);

    // With a signature of null, the header says that there is none.
    private static string Unsigned(string token, string? signature)
    {
        var parts = token.Split('.');
        return signature is null ? $"{Encode("""{"alg":"none","typ":"JWT"}""")}.{parts[1]}." : $"{parts[0]}.{parts[1]}.{signature}";
    }

    private static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));
}
