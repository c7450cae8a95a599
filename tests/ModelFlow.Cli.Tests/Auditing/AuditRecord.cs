using System.Text.Json.Nodes;
using Azure;
using Azure.Data.Tables;
using Azure.Storage.Blobs;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Cli.Auditing;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Auditing;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Storage;
using ModelFlow.Testing;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Cli.Tests.Auditing;

/// <summary>A record in real tables and blobs, with the same tables and blobs open to an attacker who may write everything but has no key.</summary>
internal sealed class AuditRecord : IDisposable
{
    public static readonly ModelName Model = ModelName.Parse("digits");
    public static readonly ReleaseId Release = ReleaseId.Parse("digits-v1.0.0-1");

    private readonly AzuriteFixture _azurite;
    private readonly string _prefix = "a" + Guid.NewGuid().ToString("N")[..12];
    private readonly ServiceProvider _storage;
    private readonly AnchorArchive _archive;
    private readonly RedactionArchive _redactions;
    private int _written;

    private AuditRecord(AzuriteFixture azurite)
    {
        _azurite = azurite;
        _storage = new ServiceCollection().AddModelFlowStorage(o => (o.ConnectionString, o.Prefix) = (azurite.ConnectionString, _prefix)).BuildServiceProvider();
        _archive = new AnchorArchive(Get<IAuditArchive>());
        _redactions = new RedactionArchive(Get<IAuditArchive>(), Get<IAuditLog>());
        Anchors = NewAnchors();
    }

    public FakeTimeProvider Time { get; } = new(Samples.Now);

    public AnchorSigner Signer { get; } = new();

    public AnchorChains Anchors { get; private set; }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Three entries of a model, one of the system, a release with four events; all anchored.</summary>
    public static async Task<AuditRecord> CreateAsync(AzuriteFixture azurite)
    {
        var record = new AuditRecord(azurite);
        await record.Get<StorageSetup>().EnsureCreatedAsync(Cancel);
        await record.WriteAsync(AuditScope.Of(Model), 3);
        await record.WriteAsync(AuditScope.System, 1);
        var (state, started) = ReleaseEvents.Start(Samples.State(Release));
        await record.Get<IReleaseIndex>().PutAsync(ReleaseSummary.Of(state), Cancel);
        await record.Get<IReleaseStore>().CreateAsync(state, [started], Cancel);
        await record.HappenAsync(3);
        await record.AnchorAsync();
        return record;
    }

    public T Get<T>()
        where T : notnull => _storage.GetRequiredService<T>();

    public AnchorChains NewAnchors() => Anchors = new AnchorChains(
        Get<IAuditLog>(), Get<IReleaseStore>(), Get<IReleaseIndex>(), _archive, Signer, new AnchorSettings(TimeSpan.FromHours(1)), Time, NullLogger<AnchorChains>.Instance);

    public EraseName Eraser() => new(Get<IRecordedNames>(), _redactions, Get<IReleaseIndex>(), Get<IVersionCatalog>(), Get<ITokenStore>(), Get<IPeopleStore>(), Get<IAuditLog>(), Time);

    public async Task WriteAsync(string scope, int count, string by = "alice")
    {
        for (var i = 0; i < count; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            await Get<IAuditLog>().AppendAsync(scope, new AuditEntry($"id-{++_written}", Time.GetUtcNow(), by, "freeze", "digits", $"froze 'digits': größer, says {by}."), Cancel);
        }
    }

    /// <summary>The release goes on.</summary>
    public async Task HappenAsync(int count, bool end = false, string by = "bob")
    {
        var read = (await Get<IReleaseStore>().LoadAsync(Release, Cancel))!;
        var (state, events) = (read.State, new List<ReleaseEvent>());
        for (var i = 0; i < count; i++)
        {
            Time.Advance(TimeSpan.FromSeconds(1));
            var open = new ReleaseEvent
            {
                Seq = state.EventCount + 1, Kind = "approved", At = Time.GetUtcNow(), By = by, Stage = state.Stage.Name, Message = $"{by} approved (1 of 1).",
                Data = new JsonObject { ["signal"] = $"approve-{i}", ["x"] = 0.1 + i, ["big"] = 1e300 }, PreviousHash = state.EventHash, Hash = "",
            };
            events.Add(open with { Hash = ReleaseEvents.HashOf(open) });
            state = state with { EventCount = open.Seq, EventHash = events[^1].Hash };
        }

        state = end ? state with { Stage = new Stage.Ended(Outcome.Stable, $"fine, says {by}") } : state;
        Assert.IsType<SaveRelease.Saved>(await Get<IReleaseStore>().SaveAsync(read, state, events, [], Cancel));
        if (end)
        {
            await Get<IReleaseIndex>().PutAsync(ReleaseSummary.Of(state), Cancel);
        }
    }

    public async Task<SignedAnchor> AnchorAsync()
    {
        Time.Advance(TimeSpan.FromHours(1));
        return Assert.IsType<SignedAnchor>(await Anchors.RunAsync(Cancel));
    }

    public AnchorKeys PublicKeys()
    {
        var keys = new AnchorKeys();
        Assert.All(Signer.Keys, k => Assert.True(keys.Add(Convert.ToBase64String(k.PublicKey.Span))));
        return keys;
    }

    public async Task<List<string>> ExportAsync(AuditSelection? selection = null) =>
        await new ExportAudit(Get<IAuditLog>(), Get<IReleaseStore>(), Get<IReleaseIndex>(), _archive, _redactions, Signer, Time)
            .ReadAsync(selection ?? new AuditSelection(), Cancel).Select(l => l.ToJsonString()).ToListAsync(Cancel);

    public async Task<RecordVerdict> VerifyAsync(AnchorKeys? keys = null, NewestAnchor? witness = null, AuditSelection? selection = null) =>
        Verify(await ExportAsync(selection), keys ?? PublicKeys(), witness);

    public static RecordVerdict Verify(IEnumerable<string> lines, AnchorKeys? keys, NewestAnchor? witness = null)
    {
        var verifier = new RecordVerifier(keys);
        foreach (var line in lines)
        {
            verifier.Take(line);
        }

        return verifier.Conclude(witness);
    }

    /// <summary>A table, without anything between.</summary>
    public TableClient Table(string name) => new(_azurite.ConnectionString, _prefix + name);

    /// <summary>The container of anchors, without anything between.</summary>
    public BlobContainerClient Blobs() => new(_azurite.ConnectionString, _prefix + "audit");

    public static string Partition(string scope) => scope.Replace(":", "=3A", StringComparison.Ordinal);

    public static string EntryKey(int seq) => $"entry:{seq:D10}";

    public static string EventKey(int seq) => $"event:{seq:D10}";

    /// <summary>Changes a row's JSON as it likes.</summary>
    public async Task ForgeAsync(string table, string partition, string row, string property, Action<JsonObject> change)
    {
        var entity = (await Table(table).GetEntityAsync<TableEntity>(partition, row, cancellationToken: Cancel)).Value;
        var json = JsonNode.Parse(entity.GetString(property))!.AsObject();
        change(json);
        entity[property] = json.ToJsonString();
        await Table(table).UpdateEntityAsync(entity, ETag.All, TableUpdateMode.Replace, Cancel);
    }

    /// <summary>Rewrites an audit scope from its entries, with every hash right.</summary>
    public async Task RewriteAsync(string scope, Func<List<AuditEntry>, IEnumerable<AuditEntry>> change)
    {
        var entries = change(await Get<IAuditLog>().ReadAsync(scope, Cancel).Select(e => e.Entry).ToListAsync(Cancel)).ToList();
        await DeleteAsync("Audit", Partition(scope));
        foreach (var entry in entries)
        {
            await Get<IAuditLog>().AppendAsync(scope, entry, Cancel);
        }
    }

    /// <summary>Rewrites a release's first events, with every hash and its state right.</summary>
    public async Task RewriteReleaseAsync(Func<List<ReleaseEvent>, IEnumerable<ReleaseEvent>> change)
    {
        var state = (await Get<IReleaseStore>().LoadAsync(Release, Cancel))!.State;
        var events = new List<ReleaseEvent>();
        foreach (var e in change(await Get<IReleaseStore>().ReadEventsAsync(Release, 0, Cancel).ToListAsync(Cancel)))
        {
            var open = e with { Seq = events.Count + 1, PreviousHash = events.Count == 0 ? "" : events[^1].Hash };
            events.Add(open with { Hash = ReleaseEvents.HashOf(open) });
        }

        await DeleteAsync("Releases", Release.ToString());
        await Get<IReleaseStore>().CreateAsync(state with { EventCount = events.Count, EventHash = events[^1].Hash }, events, Cancel);
    }

    public async Task DeleteAsync(string table, string partition, Func<string, bool>? which = null)
    {
        await foreach (var row in Table(table).QueryAsync<TableEntity>(TableClient.CreateQueryFilter($"PartitionKey eq {partition}"), cancellationToken: Cancel))
        {
            if (which?.Invoke(row.RowKey) != false)
            {
                await Table(table).DeleteEntityAsync(row.PartitionKey, row.RowKey, ETag.All, Cancel);
            }
        }
    }

    public void Dispose()
    {
        Signer.Dispose();
        _storage.Dispose();
    }
}
