using System.Globalization;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tests.Azurite;
using ModelFlow.Testing.Azurite;
using WireMock.Matchers;
using WireMock.RequestBuilders;
using WireMock.ResponseBuilders;
using WireMock.Server;

namespace ModelFlow.Storage.Tests.Blobs;

/// <summary>
/// Legal holds against what Microsoft documents of List Blobs, Set Blob Legal Hold and Delete Blob, as Azurite has no holds.
/// https://learn.microsoft.com/rest/api/storageservices/set-blob-legal-hold
/// </summary>
public sealed class VersionHoldsTests(AzuriteFixture azurite) : IDisposable
{
    private const string Account = "/account";
    private const string Folder = "digits/v1.0.0/";
    private static readonly ModelName Model = ModelName.Parse("digits");
    private static readonly VersionName Version = VersionName.Parse("v1.0.0");
    private readonly WireMockServer _service = WireMockServer.Start();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Hold_is_asked_for_each_blob_that_lacks_it_over_all_pages()
    {
        Page(null, "next", ("a.bin", false), ("b.bin", true));
        Page("next", null, ("manifest.json", false));
        Take();

        Assert.Equal(new SetHold.Done(3, 2), await HoldAsync(true));

        Assert.Equal(["a.bin", "manifest.json"], Asked().Order(StringComparer.Ordinal));
        Assert.All(Puts(), p => Assert.Equal("true", p.Headers!["x-ms-legal-hold"].Single()));
        Assert.All(Lists(), l => Assert.Equal(("legalhold", Folder), (l.GetParameter("include")!.Single().ToLowerInvariant(), l.GetParameter("prefix")!.Single())));
    }

    [Fact]
    public async Task Lifting_asks_for_each_blob_that_has_it()
    {
        Page(null, null, ("a.bin", false), ("b.bin", true));
        Take();

        Assert.Equal(new SetHold.Done(2, 1), await HoldAsync(false));

        Assert.Equal(["b.bin"], Asked());
        Assert.Equal("false", Puts().Single().Headers!["x-ms-legal-hold"].Single());
    }

    [Fact]
    public async Task Many_files_are_done_in_pages_and_few_at_a_time()
    {
        const int Pages = 4, Size = 250;
        for (var page = 0; page < Pages; page++)
        {
            Page(page == 0 ? null : $"m{page}", page == Pages - 1 ? null : $"m{page + 1}", [.. Enumerable.Range(page * Size, Size).Select(i => ($"part-{i:D5}.bin", false))]);
        }

        Take();

        Assert.Equal(new SetHold.Done(Pages * Size, Pages * Size), await HoldAsync(true));

        Assert.Equal(Pages * Size, Asked().Distinct(StringComparer.Ordinal).Count());

        // The second page is not asked for before most of the first is done.
        var second = _service.LogEntries.Select((e, i) => (e, i)).First(x => x.e.RequestMessage!.GetParameter("marker")?.Single() == "m1").i;
        Assert.True(second >= Size - 20, $"The second page was the {second}th call.");
    }

    [Fact]
    public async Task Throttling_in_the_middle_is_waited_out()
    {
        Page(null, null, ("a.bin", false), ("b.bin", false));
        Take();
        _service.Given(Put("b.bin")).InScenario("busy").WillSetStateTo("over").AtPriority(-1).RespondWith(Error(503, "ServerBusy"));

        Assert.Equal(new SetHold.Done(2, 2), await HoldAsync(true));

        Assert.Equal(2, Asked().Count(f => f == "b.bin"));
    }

    [Theory]
    [InlineData(503, "ServerBusy")]
    [InlineData(500, "InternalError")]
    public async Task Throttling_that_stays_ends_the_try_and_the_next_one_does_the_rest(int status, string code)
    {
        Page(null, null, ("a.bin", false), ("b.bin", false));
        Take();
        _service.Given(Put("b.bin")).AtPriority(-1).RespondWith(Error(status, code));

        var reason = Assert.IsType<SetHold.Incomplete>(await HoldAsync(true)).Reason;

        Assert.Contains("b.bin", reason, StringComparison.Ordinal);
        _service.Reset();
        Page(null, null, ("a.bin", true), ("b.bin", false));
        Take();
        Assert.Equal(new SetHold.Done(2, 1), await HoldAsync(true));
        Assert.Equal(["b.bin"], Asked());
    }

    [Theory]
    [InlineData(409, "LeaseAlreadyPresent")]
    [InlineData(412, "LeaseIdMissing")]
    [InlineData(400, "InvalidHeaderValue")]
    public async Task Blob_that_will_not_is_told_and_the_others_are_done(int status, string code)
    {
        Page(null, null, ("a.bin", false), ("b.bin", false), ("c.bin", false));
        Take();
        _service.Given(Put("a.bin")).AtPriority(-1).RespondWith(Error(status, code));

        var reason = Assert.IsType<SetHold.Incomplete>(await HoldAsync(true)).Reason;

        Assert.Equal(["a.bin", "b.bin", "c.bin"], Asked().Order(StringComparer.Ordinal));
        Assert.Contains("a.bin", reason, StringComparison.Ordinal);
        Assert.Contains("Storage:LegalHolds needs a container with version-level immutability", reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Container_where_every_blob_refuses_is_given_up_early()
    {
        Page(null, null, [.. Enumerable.Range(0, 500).Select(i => ($"{i:D3}.bin", false))]);
        _service.Given(Request.Create().UsingPut()).RespondWith(Error(409, "BlobOperationNotSupported"));

        Assert.IsType<SetHold.Incomplete>(await HoldAsync(true));

        Assert.InRange(Asked().Count, 20, 40);
    }

    [Fact]
    public async Task Blob_that_was_deleted_meanwhile_is_passed_over()
    {
        Page(null, null, ("a.bin", true), ("b.bin", true));
        Take();
        _service.Given(Put("a.bin")).AtPriority(-1).RespondWith(Error(404, "BlobNotFound"));

        Assert.Equal(new SetHold.Done(2, 1), await HoldAsync(false));
    }

    [Theory]
    [InlineData(501, "NotImplemented", "this storage has no legal holds. Turn it off")]
    [InlineData(403, "AuthorizationPermissionMismatch", "needs the role Storage Blob Data Owner")]
    public async Task Storage_that_sets_no_holds_is_asked_little_and_the_setting_is_named(int status, string code, string says)
    {
        Page(null, null, [.. Enumerable.Range(0, 100).Select(i => ($"{i:D3}.bin", false))]);
        _service.Given(Request.Create().UsingPut()).RespondWith(Error(status, code));

        var reason = Assert.IsType<SetHold.Refused>(await HoldAsync(true)).Reason;

        Assert.Contains("Storage:LegalHolds", reason, StringComparison.Ordinal);
        Assert.Contains(says, reason, StringComparison.Ordinal);
        Assert.InRange(Asked().Distinct(StringComparer.Ordinal).Count(), 1, 16);
    }

    [Fact]
    public async Task Storage_that_takes_a_hold_and_sets_none_is_found_out()
    {
        Page(null, null, ("a.bin", false));
        _service.Given(Request.Create().UsingPut()).RespondWith(Response.Create().WithStatusCode(200).WithHeader("x-ms-legal-hold", "false"));

        Assert.Contains("without setting them", Assert.IsType<SetHold.Refused>(await HoldAsync(true)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_that_fails_is_an_outcome()
    {
        _service.Given(Request.Create().UsingGet()).RespondWith(Error(403, "AuthorizationFailure"));

        Assert.Contains("listing models", Assert.IsType<SetHold.Incomplete>(await HoldAsync(true)).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_call_is_cancelled()
    {
        Page(null, null, ("a.bin", false));
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Holds().SetAsync(Model, Version, hold: true, cancelled.Token));
    }

    [Fact]
    public async Task Deletion_of_a_version_with_a_held_file_deletes_none()
    {
        Page(null, null, ("a.bin", false), ("b.bin", true), ("manifest.json", false));

        Assert.Equal(new DeleteFiles.Held("b.bin", SomeDeleted: false), await DeleteAsync());

        Assert.DoesNotContain(_service.LogEntries, e => e.RequestMessage!.Method == "DELETE");
    }

    [Fact]
    public async Task Deletion_does_not_mind_a_hold_on_the_manifest_that_stays()
    {
        Page(null, null, ("a.bin", false), ("b.bin", false), ("manifest.json", true));
        _service.Given(Request.Create().UsingDelete()).RespondWith(Response.Create().WithStatusCode(202));

        Assert.IsType<DeleteFiles.Deleted>(await DeleteAsync());
    }

    [Fact]
    public async Task Deletion_that_meets_a_hold_on_its_way_says_so()
    {
        Page(null, null, ("a.bin", false), ("b.bin", false));
        _service.Given(Request.Create().UsingDelete()).RespondWith(Response.Create().WithStatusCode(202));
        _service.Given(Request.Create().WithPath(PathOf("b.bin")).UsingDelete()).AtPriority(-1).RespondWith(Error(409, "BlobImmutableDueToLegalHold"));

        Assert.Equal(new DeleteFiles.Held("b.bin", SomeDeleted: true), await DeleteAsync());
    }

    [Fact]
    public async Task Azurite_has_no_holds_and_the_message_names_the_setting()
    {
        var model = ModelName.Parse($"holds-{Guid.NewGuid():N}"[..20]);
        var provider = StorageHarness.Build(azurite.ConnectionString, o => o.LegalHolds = true);
        await provider.GetRequiredService<StorageSetup>().EnsureCreatedAsync(Cancel);
        await provider.GetRequiredService<StorageClients>().Container(StorageNames.Models).GetBlobClient($"{model}/{Version}/a.bin").UploadAsync(BinaryData.FromString("bytes"), Cancel);

        var outcome = await provider.GetRequiredService<IVersionHolds>().SetAsync(model, Version, hold: true, Cancel);

        Assert.Contains("Storage:LegalHolds", Assert.IsType<SetHold.Refused>(outcome).Reason, StringComparison.Ordinal);
        Assert.Equal(new SetHold.Done(1, 0), await provider.GetRequiredService<IVersionHolds>().SetAsync(model, Version, hold: false, Cancel));
    }

    [Fact]
    public void Holds_are_off_unless_asked_for() => Assert.False(StorageHarness.Build(azurite.ConnectionString).GetRequiredService<IVersionHolds>().IsOn);

    public void Dispose() => _service.Dispose();

    // By its number, as names of hosts mean accounts.
    private string Service => $"http://127.0.0.1:{_service.Port}";

    private IServiceProvider Provider() => StorageHarness.Build(
        $"DefaultEndpointsProtocol=http;AccountName=account;AccountKey={Convert.ToBase64String(new byte[32])};BlobEndpoint={Service}{Account};TableEndpoint={Service}{Account}",
        o => (o.LegalHolds, o.Retries) = (true, 1));

    private IVersionHolds Holds() => Provider().GetRequiredService<IVersionHolds>();

    private Task<SetHold> HoldAsync(bool hold) => Holds().SetAsync(Model, Version, hold, Cancel);

    private Task<DeleteFiles> DeleteAsync() => Provider().GetRequiredService<IArtifactStore>().DeleteAsync(
        new VersionRecord
        {
            Manifest = new Manifest { Model = Model, Version = Version, Format = "onnx", Files = [new ManifestFile("a.bin", 1, Sha256Digest.Of("x")), new ManifestFile("b.bin", 1, Sha256Digest.Of("x"))] },
            Digest = Sha256Digest.Of("x"),
            RegisteredAt = DateTimeOffset.UnixEpoch,
        },
        Cancel);

    private static string PathOf(string file) => $"{Account}/models/{Folder}{file}";

    private static IRequestBuilder Put(string file) => Request.Create().WithPath(PathOf(file)).UsingPut();

    private static IResponseBuilder Error(int status, string code) => Response.Create().WithStatusCode(status).WithHeader("x-ms-error-code", code)
        .WithHeader("Content-Type", "application/xml").WithBody($"<?xml version=\"1.0\" encoding=\"utf-8\"?><Error><Code>{code}</Code><Message>as documented</Message></Error>");

    // The service answers with what the hold is now.
    private void Take() => Array.ForEach(["true", "false"], held => _service.Given(Request.Create().WithParam("comp", "legalhold").WithHeader("x-ms-legal-hold", held).UsingPut())
        .RespondWith(Response.Create().WithStatusCode(200).WithHeader("x-ms-legal-hold", held)));

    private void Page(string? marker, string? next, params (string File, bool Held)[] blobs)
    {
        var listed = string.Concat(blobs.Select(b => string.Create(CultureInfo.InvariantCulture, $"""
            <Blob><Name>{Folder}{b.File}</Name><Properties><Last-Modified>Sun, 01 Mar 2026 12:00:00 GMT</Last-Modified><Etag>0x1</Etag><Content-Length>5</Content-Length><BlobType>BlockBlob</BlobType>{(b.Held ? "<LegalHold>true</LegalHold>" : "")}</Properties></Blob>
            """)));
        var request = Request.Create().WithPath($"{Account}/models").WithParam("comp", "list").UsingGet();
        request = marker is null ? request.WithParam("marker", MatchBehaviour.RejectOnMatch) : request.WithParam("marker", marker);
        _service.Given(request).RespondWith(Response.Create().WithStatusCode(200).WithHeader("Content-Type", "application/xml").WithBody($"""
            <?xml version="1.0" encoding="utf-8"?><EnumerationResults ServiceEndpoint="{Service}{Account}/" ContainerName="models"><Prefix>{Folder}</Prefix><Blobs>{listed}</Blobs><NextMarker>{next}</NextMarker></EnumerationResults>
            """));
    }

    private List<WireMock.IRequestMessage> Puts() => [.. _service.LogEntries.Select(e => e.RequestMessage!).Where(r => r.Method == "PUT")];

    private List<WireMock.IRequestMessage> Lists() => [.. _service.LogEntries.Select(e => e.RequestMessage!).Where(r => r.Method == "GET")];

    private List<string> Asked() => [.. Puts().Select(p => p.Path[(p.Path.LastIndexOf('/') + 1)..])];
}
