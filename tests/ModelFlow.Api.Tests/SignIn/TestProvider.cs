using System.Buffers.Text;
using System.Collections.Concurrent;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;

namespace ModelFlow.Api.Tests.SignIn;

/// <summary>A small provider of identities (OpenID Connect Core 1.0, section 3.1, with PKCE, RFC 7636) on loopback, with keys of its own.</summary>
public sealed class TestProvider : IAsyncDisposable
{
    public const string Client = "modelflow-page";
    public const string Secret = "client-secret-CANARY";
    public const string Audience = "modelflow-api";

    private readonly ConcurrentDictionary<string, Asked> _codes = new(StringComparer.Ordinal);
    private WebApplication _app = null!; // Set before StartAsync returns.

    private TestProvider(TimeProvider time) => Time = time;

    public TimeProvider Time { get; }

    public string Authority { get; private set; } = "";

    /// <summary>The key that it signs with; what it publishes follows.</summary>
    public RsaSecurityKey Key { get; private set; } = NewKey();

    /// <summary>Who is signed in there.</summary>
    public Dictionary<string, object> Claims { get; } = new(StringComparer.Ordinal) { ["sub"] = "alice-1", ["name"] = "Alice A.", ["roles"] = new[] { "modelflow-approver" } };

    /// <summary>Changes an ID token before it is signed.</summary>
    public Func<SecurityTokenDescriptor, SecurityTokenDescriptor> Change { get; set; } = d => d;

    /// <summary>Changes an ID token after it was signed.</summary>
    public Func<string, string> Forge { get; set; } = t => t;

    /// <summary>What was asked at the token endpoint, in order.</summary>
    public ConcurrentQueue<string> Redeemed { get; } = new();

    public static async Task<TestProvider> StartAsync(TimeProvider time)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Logging.ClearProviders();
        var provider = new TestProvider(time) { };
        var app = provider._app = builder.Build();
        app.MapGet("/realm/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, object>(StringComparer.Ordinal)
        {
            ["issuer"] = provider.Authority,
            ["authorization_endpoint"] = provider.Authority + "/authorize",
            ["token_endpoint"] = provider.Authority + "/token",
            ["jwks_uri"] = provider.Authority + "/keys",
            ["response_types_supported"] = new[] { "code" },
            ["subject_types_supported"] = new[] { "public" },
            ["id_token_signing_alg_values_supported"] = new[] { "RS256" },
        }));
        app.MapGet("/realm/keys", provider.Keys);
        app.MapGet("/realm/authorize", provider.Authorize);
        app.MapPost("/realm/token", (Delegate)provider.RedeemAsync);
        await app.StartAsync();
        provider.Authority = app.Urls.Single() + "/realm";
        return provider;
    }

    public static RsaSecurityKey NewKey() => new(RSA.Create(2048)) { KeyId = Guid.NewGuid().ToString("N") };

    public void Rotate() => Key = NewKey();

    /// <summary>A token for the API.</summary>
    public string Token(Func<SecurityTokenDescriptor, SecurityTokenDescriptor>? change = null)
    {
        var descriptor = Descriptor(Audience, nonce: null);
        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(change?.Invoke(descriptor) ?? descriptor);
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private SecurityTokenDescriptor Descriptor(string audience, string? nonce)
    {
        var now = Time.GetUtcNow().UtcDateTime;
        var claims = new Dictionary<string, object>(Claims, StringComparer.Ordinal);
        if (nonce is not null)
        {
            claims["nonce"] = nonce;
        }

        return new SecurityTokenDescriptor
        {
            Issuer = Authority,
            Audience = audience,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddMinutes(5),
            Claims = claims,
            SigningCredentials = new SigningCredentials(Key, SecurityAlgorithms.RsaSha256),
        };
    }

    private IResult Keys()
    {
        var key = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(Key.Rsa.ExportParameters(includePrivateParameters: false)) { KeyId = Key.KeyId });
        return Results.Json(new { keys = new[] { new { kty = "RSA", use = "sig", alg = "RS256", kid = key.Kid, n = key.N, e = key.E } } });
    }

    private IResult Authorize(HttpContext context)
    {
        string Ask(string name) => context.Request.Query[name].ToString();
        if (Ask("client_id") != Client || Ask("response_type") != "code" || Ask("code_challenge_method") != "S256" || Ask("code_challenge").Length == 0 || Ask("nonce").Length == 0)
        {
            return Results.BadRequest();
        }

        var code = Guid.NewGuid().ToString("N");
        _codes[code] = new Asked(Ask("redirect_uri"), Ask("code_challenge"), Ask("nonce"));
        return Results.Redirect($"{Ask("redirect_uri")}?code={code}&state={Uri.EscapeDataString(Ask("state"))}");
    }

    private async Task<IResult> RedeemAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        Redeemed.Enqueue(form["code"].ToString());
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        if (form["client_id"] != Client || form["client_secret"] != Secret || form["grant_type"] != "authorization_code"
            || !_codes.TryRemove(form["code"].ToString(), out var asked) || asked.RedirectUri != form["redirect_uri"] || asked.Challenge != challenge)
        {
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        }

        var descriptor = Change(Descriptor(Client, asked.Nonce));
        var token = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(descriptor);
        return Results.Json(new { token_type = "Bearer", expires_in = 300, access_token = Token(), id_token = Forge(token) });
    }

    private sealed record Asked(string RedirectUri, string Challenge, string Nonce);
}
