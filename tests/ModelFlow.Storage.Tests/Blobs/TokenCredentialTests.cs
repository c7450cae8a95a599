using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
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
            using var handler = Trusting(certificate);
            using var http = new HttpClient(handler, disposeHandler: false);
            using var transport = new HttpClientTransport(http);
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
            var grant = await uploads.GrantUploadAsync(model, version, "alice", TimeSpan.FromMinutes(5), Cancel);
            Assert.Contains("skoid=", grant.Query, StringComparison.Ordinal);
            Assert.Contains("spr=https", grant.Query, StringComparison.Ordinal);
            var holder = new BlobContainerClient(grant, new BlobClientOptions { Transport = transport });
            await holder.GetBlobClient($"{model}/{version}/model.onnx").UploadAsync(BinaryData.FromString("bytes"), Cancel);
            var etag = (await holder.GetBlobClient($"{model}/{version}/manifest.json").UploadAsync(BinaryData.FromString("{}"), Cancel)).Value.ETag;

            var upload = new UploadReference($"{model}/{version}/manifest.json", etag.ToString("H"));
            Assert.IsType<CopyUpload.Copied>(await uploads.CopyToModelsAsync(upload, Samples.Manifest(model, version, "bytes"u8), null, Cancel));
            var address = await provider.GetRequiredService<IArtifactStore>().GrantReadAsync(model, version, "model.onnx", TimeSpan.FromMinutes(5), Cancel);
            Assert.Equal("bytes", await http.GetStringAsync(address, Cancel));
            Assert.Equal("alice", await uploads.FindUploaderAsync(model, version, Cancel));
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
