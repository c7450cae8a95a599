using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Functions.Registry;
using ModelFlow.Functions.Tests.Composition;
using ModelFlow.Testing.Http;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;
using AccessToken = Azure.Core.AccessToken;
using TokenCredential = Azure.Core.TokenCredential;
using TokenRequestContext = Azure.Core.TokenRequestContext;

namespace ModelFlow.Functions.Tests.Registry;

/// <summary>Tags against what Azure Container Registry documents, API version 2021-07-01: token exchange, tag, manifest.</summary>
public sealed class RegistryImageDigestsTests : IDisposable
{
    private const string Server = "modelflow.azurecr.io";
    private static readonly string Digest = Sha256Digest.Of("image").ToString();
    private readonly WireMockServer _acr = WireMockServer.Start();
    private readonly Credential _credential = new();

    public RegistryImageDigestsTests()
    {
        // Without a registry's own token each call is refused with where to get one.
        _acr.Given(Request.Create().WithPath("/acr/v1/*")).AtPriority(10).RespondWith(Response.Create().WithStatusCode(401)
            .WithHeader("WWW-Authenticate", $"""Bearer realm="https://{Server}/oauth2/token",service="{Server}",scope="repository:team/evaluator:metadata_read" """.Trim())
            .WithBody("""{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}"""));
        Answer(Request.Create().WithPath("/oauth2/exchange").UsingPost(), 200, new { refresh_token = RefreshToken() });
        Answer(Request.Create().WithPath("/oauth2/token").UsingPost(), 200, new { access_token = "the-access-token" });
        Answer(Authorized("/acr/v1/team/evaluator/_tags/1.2.0"), 200, new { registry = Server, imageName = "team/evaluator", tag = new { name = "1.2.0", digest = Digest } });
        Answer(Authorized($"/acr/v1/team/evaluator/_manifests/{Digest}"), 200, new { registry = Server, imageName = "team/evaluator", manifest = new { digest = Digest } });
        Answer(Authorized("/acr/v1/team/evaluator/_tags/9"), 404, new { errors = new[] { new { code = "TAG_UNKNOWN", message = "the tag is not known" } } });
        Answer(Authorized("/acr/v1/team/evaluator/_tags/forbidden"), 403, new { errors = new[] { new { code = "DENIED", message = "no access" } } });
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Tag_isResolvedToItsDigest_asTheAppsIdentity()
    {
        Assert.Equal($"{Server}/team/evaluator@{Digest}", await Digests().ResolveAsync($"{Server}/team/evaluator:1.2.0", Cancel));
        Assert.All(_credential.Scopes, s => Assert.EndsWith("/.default", s, StringComparison.Ordinal));
        Assert.Contains(_acr.LogEntries, e => e.RequestMessage!.Path == "/oauth2/exchange" && e.RequestMessage.Body!.Contains("the-token", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Tag_thatDoesNotExist_isNone() => Assert.Null(await Digests().ResolveAsync($"{Server}/team/evaluator:9", Cancel));

    [Fact]
    public async Task Refusal_isSaidWithTheImage()
    {
        var refused = await Assert.ThrowsAsync<IOException>(() => Digests().ResolveAsync($"{Server}/team/evaluator:forbidden", Cancel));

        Assert.Contains($"{Server} did not say which digest team/evaluator:forbidden has", refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("the-access-token", refused.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("registry.example/evaluator:1")]
    [InlineData("modelflow.azurecr.io.example/evaluator:1")]
    [InlineData("modelflow.azurecr.io/evaluator")]
    [InlineData("modelflow.azurecr.io/Evaluator:1")]
    public async Task Image_thatIsNotATagOfAnAzureRegistry_isNeverAskedFor(string image)
    {
        Assert.False(RegistryImageDigests.Knows(image));
        Assert.Null(await Digests().ResolveAsync(image, Cancel));
        Assert.Empty(_acr.LogEntries);
        Assert.Empty(_credential.Scopes);
    }

    [Fact]
    public async Task Image_byItsDigest_isGivenBackUnasked()
    {
        var image = $"registry.example/evaluator@{Digest}";

        Assert.Equal(image, await Digests().ResolveAsync(image, Cancel));
        Assert.Empty(_acr.LogEntries);
    }

    [Fact]
    public void Tag_inAnAzureRegistry_isTakenAtStart()
    {
        var settings = SampleHost.Settings();
        settings["KubernetesEvaluation:Image"] = $"{Server}/team/evaluator:1.2.0";
        using var host = SampleHost.Build(settings, s => s.AddSingleton<k8s.IKubernetes>(new k8s.Kubernetes(new k8s.KubernetesClientConfiguration { Host = "http://127.0.0.1:1" })));

        host.Services.GetRequiredService<IStartupValidator>().Validate();

        Assert.IsType<RegistryImageDigests>(host.Services.GetRequiredService<IImageDigests>());
    }

    public void Dispose() => _acr.Dispose();

    // The client reads from it when it ends.
    private static string RefreshToken()
    {
        static string Part(object value) => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(value)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
        return $"{Part(new { alg = "none" })}.{Part(new { exp = DateTimeOffset.UtcNow.AddHours(3).ToUnixTimeSeconds() })}.signature";
    }

    private static IRequestBuilder Authorized(string path) => Request.Create().WithPath(path).WithHeader("Authorization", "Bearer the-access-token").UsingGet();

    private RegistryImageDigests Digests() => new(_credential, new LocalPlainHttp(_acr.Port));

    private void Answer(IRequestBuilder request, int status, object body) =>
        _acr.Given(request).RespondWith(Response.Create().WithStatusCode(status).WithHeader("Content-Type", "application/json").WithBody(JsonSerializer.Serialize(body)));

    private sealed class Credential : TokenCredential
    {
        public List<string> Scopes { get; } = [];

        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Scopes.AddRange(requestContext.Scopes);
            return new AccessToken("the-token", DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
    }
}
