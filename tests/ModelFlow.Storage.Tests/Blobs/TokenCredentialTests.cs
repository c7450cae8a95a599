using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests.Blobs;

/// <summary>Without an account key, as on Azure with a managed identity: bearer tokens, and grants signed with a user delegation key.</summary>
public sealed class TokenCredentialTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    [Trait("Speed", "Slow")]
    public async Task Everything_works_without_the_accounts_key()
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-tls-");
        try
        {
            var certificate = await AzuriteCertificate.CreateAsync(folder.FullName, Cancel);
            await using var server = await AzuriteProcess.StartAsync(null, certificate, Cancel);
            using var handler = new KeyCounter(Trusting(certificate));
            using var http = new HttpClient(handler, disposeHandler: false);
            using var transport = new HttpClientTransport(http);
            var holder = new BlobClientOptions { Transport = transport };
            var provider = new ServiceCollection().AddModelFlowStorage(o =>
            {
                o.BlobServiceUri = server.BlobEndpoint;
                o.TableServiceUri = server.TableEndpoint;
                o.Credential = new UnsignedToken();
                o.Transport = transport;
            }).BuildServiceProvider();
            await provider.GetRequiredService<StorageSetup>().EnsureCreatedAsync(Cancel);

            var (model, version) = (ModelName.Parse("digits"), VersionName.Parse("v1.0.0"));
            var uploads = provider.GetRequiredService<IUploadStore>();
            var grant = await uploads.GrantUploadAsync(model, version, ["model.onnx", .. Enumerable.Range(0, 500).Select(i => $"part-{i}.bin")], "alice", TimeSpan.FromMinutes(5), Cancel);
            Assert.All(grant.Files, file => Assert.Contains("skoid=", file.Query, StringComparison.Ordinal));
            Assert.All(grant.Files, file => Assert.Contains("spr=https", file.Query, StringComparison.Ordinal));
            Assert.All(grant.Files, file => Assert.Contains("sr=b&sp=rcw&", file.Query, StringComparison.Ordinal));
            await new BlobClient(grant.Files[0], holder).UploadAsync(BinaryData.FromString("bytes"), Cancel);
            var etag = (await new BlobClient(grant.Manifest, holder).UploadAsync(BinaryData.FromString("{}"), Cancel)).Value.ETag;
            foreach (var path in (string[])[$"{model}/{version}/part-1.bin", $"{model}/{version}/manifest.json", $"other/{version}/manifest.json"])
            {
                var other = new BlobClient(new BlobUriBuilder(grant.Files[0]) { BlobName = path }.ToUri(), holder);
                Assert.Equal(403, (await Assert.ThrowsAsync<RequestFailedException>(() => other.UploadAsync(BinaryData.FromString("bytes"), Cancel))).Status);
            }

            var upload = new UploadReference($"{model}/{version}/manifest.json", etag.ToString("H"));
            Assert.IsType<CopyUpload.Copied>(await uploads.CopyToModelsAsync(upload, Samples.Manifest(model, version, "bytes"u8), null, Cancel));
            var address = await provider.GetRequiredService<IArtifactStore>().GrantReadAsync(model, version, "model.onnx", TimeSpan.FromMinutes(5), Cancel);
            Assert.Equal("bytes", await http.GetStringAsync(address, Cancel));
            Assert.Equal("alice", await uploads.FindUploaderAsync(model, version, Cancel));
            Assert.Equal(1, handler.KeysAskedFor);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static SocketsHttpHandler Trusting(AzuriteCertificate certificate)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(certificate.CertificatePath);
        return new SocketsHttpHandler { SslOptions = { CertificateChainPolicy = policy } };
    }

    private sealed class KeyCounter(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        private int _keys;

        public int KeysAskedFor => _keys;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.RequestUri!.Query.Contains("comp=userdelegationkey", StringComparison.Ordinal))
            {
                Interlocked.Increment(ref _keys);
            }

            return base.SendAsync(request, cancellationToken);
        }
    }

    private sealed class UnsignedToken : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            var now = DateTimeOffset.UtcNow;
            var claims = new
            {
                aud = "https://storage.azure.com",
                iss = "https://sts.windows.net/11111111-1111-1111-1111-111111111111/",
                nbf = now.AddMinutes(-5).ToUnixTimeSeconds(),
                iat = now.AddMinutes(-5).ToUnixTimeSeconds(),
                exp = now.AddHours(1).ToUnixTimeSeconds(),
                oid = "22222222-2222-2222-2222-222222222222",
                tid = "11111111-1111-1111-1111-111111111111",
            };
            return new AccessToken($"{Part(new { alg = "none", typ = "JWT" })}.{Part(claims)}.{Convert.ToBase64String(Encoding.UTF8.GetBytes("no signature")).TrimEnd('=')}", now.AddHours(1));
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => ValueTask.FromResult(GetToken(requestContext, cancellationToken));

        private static string Part(object value) => Convert.ToBase64String(JsonSerializer.SerializeToUtf8Bytes(value)).TrimEnd('=').Replace('+', '-').Replace('/', '_');
    }
}
