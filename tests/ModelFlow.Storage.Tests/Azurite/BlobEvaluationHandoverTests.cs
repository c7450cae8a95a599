using System.Net;
using Azure.Storage.Blobs;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests.Azurite;

/// <summary>The handover in blobs, with an agent that has nothing but its grants and HTTP.</summary>
public sealed class BlobEvaluationHandoverTests(AzuriteFixture azurite) : EvaluationHandoverContract, IDisposable
{
    private readonly HttpClient _http = new();

    protected override IEvaluationHandover Handover => StorageHarness.Get<IEvaluationHandover>(azurite);

    [Fact]
    public async Task Output_grant_makes_its_blob_once_and_does_nothing_else()
    {
        var job = await DescriptionAsync(await PrepareAsync(1));
        var grant = job.Outputs.Report;
        Assert.True(await PutAsync(grant, "first"u8.ToArray()));

        // Without the condition it is the signature that refuses.
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Put, grant, "second"u8.ToArray()));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Get, grant));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Delete, grant));
        var other = grant with { Address = new UriBuilder(job.Outputs.Log.Address) { Query = grant.Address.Query }.Uri };
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Put, other, "x"u8.ToArray()));
    }

    [Fact]
    public async Task Input_grant_reads_its_blob_and_does_nothing_else()
    {
        var job = await DescriptionAsync(await PrepareAsync(1));
        var input = new RemoteGrant(job.Inputs[0].From, job.Claim.Headers);

        Assert.Equal(HttpStatusCode.OK, await SendAsync(HttpMethod.Get, input));
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Put, input, "x"u8.ToArray()));
        var other = new RemoteGrant(new UriBuilder(job.Inputs[1].From) { Query = input.Address.Query }.Uri, job.Claim.Headers);
        Assert.Equal(HttpStatusCode.Forbidden, await SendAsync(HttpMethod.Get, other));
    }

    public void Dispose() => _http.Dispose();

    protected override async Task PutInputAsync(string path, byte[] content)
    {
        await StorageHarness.ProviderAsync(azurite);
        var slash = path.IndexOf('/', StringComparison.Ordinal);
        await new BlobClient(azurite.ConnectionString, path[..slash], path[(slash + 1)..]).UploadAsync(BinaryData.FromBytes(content), overwrite: true, Cancel);
    }

    protected override async Task<RemoteJob> DescriptionAsync(PreparedStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        return RemoteJob.TryRead(await _http.GetByteArrayAsync(start.Description, Cancel), out var job, out var error) ? job : throw new InvalidDataException(error);
    }

    protected override async Task<bool> PutAsync(RemoteGrant grant, byte[] content, bool replace = false)
    {
        ArgumentNullException.ThrowIfNull(grant);
        using var request = new HttpRequestMessage(HttpMethod.Put, grant.Address) { Content = new ByteArrayContent(content) };
        foreach (var (name, value) in grant.Headers)
        {
            request.Headers.Add(name, value);
        }

        if (replace)
        {
            using var there = await _http.GetAsync(grant.Address, Cancel);
            request.Headers.IfMatch.Add(there.Headers.ETag!);
        }
        else
        {
            request.Headers.IfNoneMatch.Add(System.Net.Http.Headers.EntityTagHeaderValue.Any);
        }

        using var response = await _http.SendAsync(request, Cancel);
        return response.IsSuccessStatusCode;
    }

    private async Task<HttpStatusCode> SendAsync(HttpMethod method, RemoteGrant grant, byte[]? content = null)
    {
        using var request = new HttpRequestMessage(method, grant.Address) { Content = content is null ? null : new ByteArrayContent(content) };
        foreach (var (name, value) in grant.Headers)
        {
            request.Headers.Add(name, value);
        }

        using var response = await _http.SendAsync(request, Cancel);
        return response.StatusCode;
    }
}
