using System.Net;
using ModelFlow.Api.Access;
using ModelFlow.Api.Tests.Support;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Tests.Tokens;

public sealed class TokenTests
{
    [Fact]
    public async Task Token_is_made_shown_once_works_and_is_revoked_at_once()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);

        var made = await admin.SendAsync("POST", "/api/tokens", """{"name":"carol","roles":["approver","operator"],"expiresIn":"90d"}""").JsonAsync(HttpStatusCode.Created);
        var secret = (string)made["token"]!;
        var carol = host.With(secret);
        var who = await carol.SendAsync("GET", "/api/whoami").JsonAsync();
        var listed = await admin.SendAsync("GET", "/api/tokens").JsonAsync();
        using var revoked = await admin.SendAsync("DELETE", "/api/tokens/carol");

        Assert.Matches("^mf_[A-Za-z0-9_-]{43}$", secret);
        Assert.Equal("carol", (string)who["name"]!);
        Assert.Equal(["approver", "operator"], who["roles"]!.AsArray().Select(r => (string)r!));
        Assert.Equal(host.Time.GetUtcNow().AddDays(90), (DateTimeOffset)who["expiresAt"]!);
        Assert.DoesNotContain(secret, listed.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("hash", listed.ToJsonString(), StringComparison.OrdinalIgnoreCase);
        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
        await carol.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
        var audit = await host.Get<IAuditLog>().ReadAsync(AuditScope.System, Http.Cancel).Select(e => (e.Entry.By, e.Entry.Action, e.Entry.Subject)).ToListAsync(Http.Cancel);
        Assert.Equal([("admin", "tokenCreated", "carol"), ("admin", "tokenRevoked", "carol")], audit);
    }

    [Fact]
    public async Task Token_revoked_by_another_host_stops_working_within_seconds()
    {
        await using var host = await ApiHost.StartAsync();
        var reader = await host.AsAsync(Role.Reader);
        await reader.SendAsync("GET", "/api/whoami").JsonAsync();

        await host.Get<ITokenStore>().RevokeAsync("reader", host.Time.GetUtcNow(), Http.Cancel);
        host.Time.Advance(TimeSpan.FromSeconds(5));

        await reader.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Token_stops_working_when_it_expires_although_it_was_looked_up_a_moment_ago()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);
        var made = await admin.SendAsync("POST", "/api/tokens", """{"name":"guest","roles":["reader"],"expiresIn":"1m"}""").JsonAsync(HttpStatusCode.Created);
        var guest = host.With((string)made["token"]!);
        host.Time.Advance(TimeSpan.FromSeconds(59));
        await guest.SendAsync("GET", "/api/whoami").JsonAsync();

        host.Time.Advance(TimeSpan.FromSeconds(1));

        await guest.SendAsync("GET", "/api/whoami").ProblemAsync(HttpStatusCode.Unauthorized, "unauthenticated");
    }

    [Fact]
    public async Task Token_is_looked_up_once_in_a_few_seconds()
    {
        var store = new CountingTokenStore(new Testing.InMemory.InMemoryTokenStore());
        await using var host = await ApiHost.StartAsync(s => Microsoft.Extensions.DependencyInjection.ServiceCollectionServiceExtensions.AddSingleton<ITokenStore>(s, store));
        var reader = await host.AsAsync(Role.Reader);

        for (var i = 0; i < 10; i++)
        {
            await reader.SendAsync("GET", "/api/whoami").JsonAsync();
        }

        Assert.Equal(1, store.Lookups);
    }

    [Theory]
    [InlineData("""{"name":"admin","roles":["reader"]}""")]
    [InlineData("""{"name":"ADMIN","roles":["reader"]}""")]
    public async Task Name_is_never_given_again(string json)
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);

        await admin.SendAsync("POST", "/api/tokens", json).ProblemAsync(HttpStatusCode.Conflict, "name-taken");
    }

    [Theory]
    [InlineData("{}", "name", "roles")]
    [InlineData("""{"name":"a b","roles":[]}""", "name", "roles")]
    [InlineData("""{"name":"modelflow","roles":["reader"]}""", "name")]
    [InlineData("""{"name":"x","roles":["reader:","reader:Digits","reader:*","boss:digits","gateway:digits","reader:a:b"]}""", "roles[0]", "roles[1]", "roles[2]", "roles[3]", "roles[4]", "roles[5]")]
    [InlineData("""{"name":"x","roles":["reader","boss","Admin",null],"expiresIn":"1s"}""", "roles[1]", "roles[2]", "roles[3]", "expiresIn")]
    [InlineData("""{"name":"x","roles":["reader"],"expiresIn":"soon","requestId":"a b"}""", "expiresIn", "requestId")]
    public async Task Every_mistake_of_a_request_is_named(string json, params string[] fields)
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);

        await admin.SendAsync("POST", "/api/tokens", json).BlamesAsync(fields);

        Assert.Single(await host.Get<ITokenStore>().ListAsync(Http.Cancel).ToListAsync(Http.Cancel));
    }

    [Fact]
    public async Task Token_is_bound_to_models()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);

        var made = await admin.SendAsync("POST", "/api/tokens", """{"name":"team","roles":["approver:digits","operator:llm-*"]}""").JsonAsync(HttpStatusCode.Created);
        var who = await host.With((string)made["token"]!).SendAsync("GET", "/api/whoami").JsonAsync();

        Assert.Equal(["approver:digits", "operator:llm-*"], who["roles"]!.AsArray().Select(r => (string)r!));
    }

    [Fact]
    public async Task Admin_of_some_models_does_not_count_as_the_last_admin_and_makes_no_tokens()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);
        var bound = host.With(await host.AddTokenAsync("team", "admin:digits"));

        await admin.SendAsync("DELETE", "/api/tokens/admin").ProblemAsync(HttpStatusCode.Conflict, "conflict");
        await bound.SendAsync("POST", "/api/tokens", """{"name":"x","roles":["admin"]}""").ProblemAsync(HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task Last_admin_token_cannot_be_revoked()
    {
        await using var host = await ApiHost.StartAsync();
        var admin = await host.AsAsync(Role.Admin);

        await admin.SendAsync("DELETE", "/api/tokens/admin").ProblemAsync(HttpStatusCode.Conflict, "conflict");
        await host.AddTokenAsync("second", Role.Admin);
        using var revoked = await admin.SendAsync("DELETE", "/api/tokens/admin");

        Assert.Equal(HttpStatusCode.NoContent, revoked.StatusCode);
    }

    [Fact]
    public async Task First_admin_token_is_made_once_and_again_only_when_no_admin_is_left()
    {
        await using var host = await ApiHost.StartAsync();
        var first = host.Get<FirstAdminToken>();

        var made = await first.EnsureAsync(Http.Cancel);
        var again = await first.EnsureAsync(Http.Cancel);
        var who = await host.With(made!.Secret.Reveal()).SendAsync("GET", "/api/whoami").JsonAsync();
        await host.Get<ITokenStore>().RevokeAsync("admin", host.Time.GetUtcNow(), Http.Cancel);
        var other = await first.EnsureAsync(Http.Cancel);

        Assert.Null(again);
        Assert.Equal("admin", (string)who["name"]!);
        Assert.Equal("admin-2", other?.Name);
        Assert.Equal("mf_***", made.Secret.ToString());
        Assert.DoesNotContain(made.Secret.Reveal(), made.ToString(), StringComparison.Ordinal);
    }

    private sealed class CountingTokenStore(ITokenStore inner) : ITokenStore
    {
        public int Lookups { get; private set; }

        public Task<bool> AddAsync(TokenRecord token, CancellationToken cancellationToken) => inner.AddAsync(token, cancellationToken);

        public Task<TokenRecord?> FindAsync(Core.Naming.Sha256Digest secretHash, CancellationToken cancellationToken)
        {
            Lookups++;
            return inner.FindAsync(secretHash, cancellationToken);
        }

        public IAsyncEnumerable<TokenRecord> ListAsync(CancellationToken cancellationToken) => inner.ListAsync(cancellationToken);

        public Task<bool> RevokeAsync(string name, DateTimeOffset at, CancellationToken cancellationToken) => inner.RevokeAsync(name, at, cancellationToken);
    }
}
