using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Data.Tables;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.LocalHost.Leasing;

namespace ModelFlow.LocalHost.Tests.Leasing;

/// <summary>On a real table client over a storage that counts: under a term that is over, reads go through and writes do not.</summary>
public sealed class LeaseGuardTests : IDisposable
{
    private readonly FakeTimeProvider _time = new();
    private readonly CountingStorage _storage = new();
    private readonly HttpClient _http;
    private readonly TableClient _table;

    public LeaseGuardTests()
    {
        _http = new HttpClient(_storage);
        var options = new TableClientOptions { Transport = new LeaseGuard(new HttpClientTransport(_http)), Retry = { MaxRetries = 3, Delay = TimeSpan.Zero, MaxDelay = TimeSpan.Zero } };
        _table = new TableClient("DefaultEndpointsProtocol=http;AccountName=a;AccountKey=YQ==;TableEndpoint=http://127.0.0.1:1/a;", "T", options);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public void Dispose() => _http.Dispose();

    [Fact]
    public async Task Writes_of_every_kind_are_held_back_and_reads_are_not()
    {
        await UnderAsync(Over(), async () =>
        {
            var row = new TableEntity("p", "r");
            await Assert.ThrowsAsync<LeaseOverException>(() => _table.AddEntityAsync(row, Cancel));
            await Assert.ThrowsAsync<LeaseOverException>(() => _table.UpsertEntityAsync(row, TableUpdateMode.Merge, Cancel));
            await Assert.ThrowsAsync<LeaseOverException>(() => _table.UpdateEntityAsync(row, Azure.ETag.All, TableUpdateMode.Replace, Cancel));
            await Assert.ThrowsAsync<LeaseOverException>(() => _table.DeleteEntityAsync("p", "r", Azure.ETag.All, Cancel));
            await Assert.ThrowsAsync<LeaseOverException>(() => _table.SubmitTransactionAsync([new(TableTransactionActionType.Add, row)], Cancel));
            Assert.Throws<LeaseOverException>(() => _table.AddEntity(row, Cancel));
            Assert.Equal(0, _storage.Requests);

            await _table.GetEntityIfExistsAsync<TableEntity>("p", "r", cancellationToken: Cancel);
            Assert.Equal(1, _storage.Requests);
        });
    }

    [Fact]
    public async Task Held_term_lets_writes_through()
    {
        await UnderAsync(Held(), () => _table.UpsertEntityAsync(new TableEntity("p", "r"), TableUpdateMode.Replace, Cancel));

        Assert.Equal(1, _storage.Requests);
    }

    [Fact]
    public async Task Outside_any_term_writes_go_through()
    {
        await UnderAsync(Over(), () => Task.CompletedTask);

        await _table.UpsertEntityAsync(new TableEntity("p", "r"), TableUpdateMode.Replace, Cancel);

        Assert.Equal(1, _storage.Requests);
    }

    [Fact]
    public async Task What_was_started_under_a_term_is_held_back_with_it()
    {
        var goOn = new TaskCompletionSource();
        var term = Held();
        var started = Task.CompletedTask;
        await UnderAsync(term, () =>
        {
            started = Task.Run(async () =>
            {
                await goOn.Task;
                await _table.UpsertEntityAsync(new TableEntity("p", "r"), TableUpdateMode.Replace, Cancel);
            }, Cancel);
            return Task.CompletedTask;
        });

        _time.Advance(TimeSpan.FromSeconds(5));
        goOn.SetResult();

        await Assert.ThrowsAsync<LeaseOverException>(() => started);
        Assert.Equal(0, _storage.Requests);
    }

    /// <summary>The client's own repetition of a write is a write, too: the term may have ended since the first try.</summary>
    [Fact]
    public async Task Repetition_of_a_write_is_held_back_when_the_term_ended_after_the_first_try()
    {
        _storage.Answer = () =>
        {
            _time.Advance(TimeSpan.FromSeconds(5));
            return System.Net.HttpStatusCode.ServiceUnavailable;
        };

        await UnderAsync(Held(), () => Assert.ThrowsAsync<LeaseOverException>(() => _table.UpsertEntityAsync(new TableEntity("p", "r"), TableUpdateMode.Replace, Cancel)));

        Assert.Equal(1, _storage.Requests);
    }

    private static Task UnderAsync(LeaseTerm term, Func<Task> work) => Task.Run(async () =>
    {
        LeaseGuard.Enter(term);
        await work();
    }, Cancel);

    private LeaseTerm Held() => new(1, _time.GetTimestamp() + (4 * _time.TimestampFrequency), _time, CancellationToken.None);

    private LeaseTerm Over() => new(1, _time.GetTimestamp(), _time, CancellationToken.None);

    private sealed class CountingStorage : HttpMessageHandler
    {
        public int Requests { get; private set; }

        public Func<System.Net.HttpStatusCode> Answer { get; set; } = () => System.Net.HttpStatusCode.NoContent;

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Requests++;
            return Task.FromResult(request.Method == HttpMethod.Get
                ? new HttpResponseMessage(System.Net.HttpStatusCode.NotFound)
                : new HttpResponseMessage(Answer()));
        }

        protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken) => SendAsync(request, cancellationToken).GetAwaiter().GetResult();
    }
}
