using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using ModelFlow.Api;
using ModelFlow.Api.Access;
using ModelFlow.Azure.Identity;
using ModelFlow.Core.Ports;
using ModelFlow.Testing.InMemory;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace ModelFlow.Azure.Tests.Identity;

/// <summary>Tokens signed with a key of the test, whose metadata a local server publishes as Entra ID does.</summary>
public sealed class EntraIdTests : IAsyncLifetime
{
    private const string Tenant = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    private const string Client = "00000003-0000-0000-c000-00000000c0de";
    private const string Person = "5e5c2c0e-2f7b-4a8e-9d3a-0b5e7f0c1a2b";

    private readonly WireMockServer _entra = WireMockServer.Start();
    private readonly RSA _rsa = RSA.Create(2048);
    private readonly InMemoryTokenStore _tokens = new();
    private WebApplication _app = null!; // set before each test

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private string Issuer => $"http://localhost:{_entra.Port}/{Tenant}/v2.0";

    public async ValueTask InitializeAsync()
    {
        var key = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(_rsa.ExportParameters(includePrivateParameters: false)) { KeyId = "k1" });
        Publish($"/{Tenant}/v2.0/.well-known/openid-configuration", $$"""{ "issuer": "{{Issuer}}", "jwks_uri": "http://localhost:{{_entra.Port}}/keys" }""");
        Publish("/keys", $$"""{ "keys": [ { "kty": "RSA", "use": "sig", "kid": "k1", "n": "{{key.N}}", "e": "{{key.E}}" } ] }""");
        _app = await StartAsync(new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["EntraId:TenantId"] = Tenant,
            ["EntraId:ClientId"] = Client,
            ["EntraId:Instance"] = $"http://localhost:{_entra.Port}",
        });
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _entra.Dispose();
        _rsa.Dispose();
    }

    [Theory]
    [InlineData("ModelFlow.Approver", HttpStatusCode.OK)]
    [InlineData("ModelFlow.Admin", HttpStatusCode.OK)]
    [InlineData("ModelFlow.Reader", HttpStatusCode.Forbidden)]
    [InlineData("ModelFlow.Gateway", HttpStatusCode.Forbidden)]
    [InlineData("ModelFlow.Emperor", HttpStatusCode.Unauthorized)]
    [InlineData("Approver", HttpStatusCode.Unauthorized)]
    [InlineData("Other.Approver", HttpStatusCode.Unauthorized)]
    [InlineData(null, HttpStatusCode.Unauthorized)]
    public async Task App_role_is_the_role(string? role, HttpStatusCode expected) => Assert.Equal(expected, await AskAsync(Token(roles: role is null ? [] : [role])));

    [Fact]
    public async Task Identity_is_the_object_id_whatever_the_user_is_called()
    {
        using var client = _app.GetTestClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(extra: new Claim("preferred_username", "somebody@else.example")));

        Assert.Equal($"entra:{Person}", await client.GetStringAsync("/approve", Cancel));
    }

    [Fact]
    public async Task Token_of_the_first_version_and_for_the_api_s_address_is_accepted() =>
        Assert.Equal(HttpStatusCode.OK, await AskAsync(Token(issuer: $"https://sts.windows.net/{Tenant}/", audience: $"api://{Client}")));

    [Fact]
    public async Task Token_of_another_tenant_is_refused() =>
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(issuer: Issuer.Replace(Tenant, "00000000-86f1-41af-91ab-2d7cd011db47", StringComparison.Ordinal))));

    [Fact]
    public async Task Token_for_another_application_is_refused() =>
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(audience: "00000003-0000-0000-c000-000000000000")));

    [Fact]
    public async Task Expired_token_is_refused() => Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(expires: DateTime.UtcNow.AddMinutes(-10))));

    [Fact]
    public async Task Token_of_nobody_is_refused() => Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(person: "")));

    [Fact]
    public async Task Token_signed_with_another_key_is_refused()
    {
        using var other = RSA.Create(2048);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(Token(key: new RsaSecurityKey(other) { KeyId = "k1" })));
    }

    [Fact]
    public async Task Token_without_a_signature_or_with_one_of_a_shared_key_is_refused()
    {
        var unsigned = new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor { Issuer = Issuer, Audience = Client, Subject = Subject(Person, ["ModelFlow.Admin"]) });
        var shared = Token(key: new SymmetricSecurityKey(_rsa.ExportSubjectPublicKeyInfo()) { KeyId = "k1" }, algorithm: SecurityAlgorithms.HmacSha256);

        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(unsigned));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(shared));
    }

    [Fact]
    public async Task Own_tokens_go_on_working_and_wrong_ones_are_refused_as_before()
    {
        var secret = TokenSecret.Create();
        await _tokens.AddAsync(new TokenRecord { Name = "ci", SecretHash = secret.Hash, Roles = ["approver"], CreatedAt = DateTimeOffset.UtcNow }, Cancel);

        Assert.Equal(HttpStatusCode.OK, await AskAsync(secret.Reveal()));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(TokenSecret.Create().Reveal()));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("nonsense"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync("a.b.c"));
        Assert.Equal(HttpStatusCode.Unauthorized, await AskAsync(null));
    }

    [Fact]
    public async Task Without_the_section_signed_tokens_are_refused()
    {
        await using var app = await StartAsync([]);
        using var client = app.GetTestClient();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token());

        Assert.Equal(HttpStatusCode.Unauthorized, (await client.GetAsync("/approve", Cancel)).StatusCode);
    }

    [Theory]
    [InlineData("common", Client)]
    [InlineData(Tenant, "")]
    public async Task Host_does_not_start_with_a_wrong_section(string tenant, string client) =>
        await Assert.ThrowsAsync<Microsoft.Extensions.Options.OptionsValidationException>(() =>
            StartAsync(new Dictionary<string, string?>(StringComparer.Ordinal) { ["EntraId:TenantId"] = tenant, ["EntraId:ClientId"] = client }));

    private async Task<WebApplication> StartAsync(Dictionary<string, string?> settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration.AddInMemoryCollection(settings);
        builder.Services.AddSingleton(TimeProvider.System);
        builder.Services.AddSingleton<ITokenStore>(_tokens);

        // In either order: a host may add it before the API.
        builder.Services.AddEntraId(builder.Configuration);
        builder.Services.AddModelFlowApi();
        var app = builder.Build();
        app.UseModelFlowApi();
        app.MapGet("/approve", (HttpContext context) => context.User.Identity!.Name).Allow(Role.Approver).OverAllModels();
        await app.StartAsync(Cancel);
        return app;
    }

    private async Task<HttpStatusCode> AskAsync(string? token)
    {
        using var client = _app.GetTestClient();
        client.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
        return (await client.GetAsync("/approve", Cancel)).StatusCode;
    }

    private string Token(
        string[]? roles = null, string? issuer = null, string audience = Client, string person = Person, DateTime? expires = null, SecurityKey? key = null, string algorithm = SecurityAlgorithms.RsaSha256, Claim? extra = null)
    {
        var subject = Subject(person, roles ?? ["ModelFlow.Approver"]);
        if (extra is not null)
        {
            subject.AddClaim(extra);
        }

        return new JsonWebTokenHandler().CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer ?? Issuer,
            Audience = audience,
            NotBefore = DateTime.UtcNow.AddHours(-1),
            Expires = expires ?? DateTime.UtcNow.AddHours(1),
            Subject = subject,
            SigningCredentials = new SigningCredentials(key ?? new RsaSecurityKey(_rsa) { KeyId = "k1" }, algorithm),
        });
    }

    private static ClaimsIdentity Subject(string person, string[] roles)
    {
        var subject = new ClaimsIdentity(roles.Select(r => new Claim("roles", r)));
        if (person.Length > 0)
        {
            subject.AddClaim(new Claim("oid", person));
        }

        return subject;
    }

    private void Publish(string path, string body) =>
        _entra.Given(Request.Create().WithPath(path).UsingGet()).RespondWith(Response.Create().WithStatusCode(200).WithHeader("Content-Type", "application/json").WithBody(body));
}
