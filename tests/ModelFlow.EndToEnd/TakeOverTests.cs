using System.Text.Json.Nodes;
using Azure.Data.Tables;
using ModelFlow.EndToEnd.Product;
using ModelFlow.Testing.Product;

namespace ModelFlow.EndToEnd;

/// <summary>Two hosts on one storage: one works, the other takes over; what was replaced writes nothing any more.</summary>
[Trait("Speed", "Slow")]
public sealed class TakeOverTests : IAsyncLifetime
{
    private const string Release = "digits-v1.0.0-base-1";
    private readonly Installation _modelflow = new();
    private HostProcess _active = null!; // Set by InitializeAsync, as the next three.
    private HostProcess _standby = null!;
    private string _ann = "";
    private string _bob = "";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _active = await _modelflow.StartHostAsync();
        await _modelflow.SetUpDigitsAsync();
        (_ann, _bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));
        _standby = await _modelflow.StartHostAsync("--standby");
        await _modelflow.DropAsync("v1.0.0-base");
        await _modelflow.UntilAsync(Release, r => (string)r["stage"]! == "awaitingApproval");
    }

    public ValueTask DisposeAsync() => _modelflow.DisposeAsync();

    [Fact]
    public async Task Killed_host_is_replaced_within_seconds_and_its_address_and_children_are_taken_over()
    {
        await _active.KillAsync();

        await UntilEpochAsync(2, seconds: 15);
        await Installation.UntilAsync(AnswersAtTheOldAddressAsync, 30, () => _standby.Output);
        await ApproveAsync(_modelflow.Api);
        var ended = await _modelflow.UntilAsync(Release, r => (string)r["stage"]! == "ended");
        Assert.Equal("stable", (string)ended["outcome"]!);
        Assert.True((bool)(await _modelflow.GetAsync($"api/releases/{Release}/events/verify"))["intact"]!);
        Assert.Equal("v1.0.0-base", (await _modelflow.InferAsync(Installation.GoldenRows()[0]["pixels"]!.AsArray())).Version);

        Assert.Equal(0, await _standby.StopAsync());
        Assert.Empty(_modelflow.Processes());
    }

    [Fact]
    public async Task Frozen_host_is_replaced_and_writes_nothing_when_it_wakes()
    {
        await _active.SignalAsync("STOP");

        await UntilEpochAsync(2, seconds: 15);
        await ApproveAsync(_standby.Api);
        var ended = await _modelflow.UntilAsync(Release, r => (string)r["stage"]! == "ended", api: _standby.Api);
        Assert.Equal("stable", (string)ended["outcome"]!);
        var before = await RowsAsync();

        await _active.SignalAsync("CONT");
        await Installation.UntilAsync(() => Task.FromResult(_active.Output.Contains("not active any more", StringComparison.Ordinal)), 15, () => _active.Output);
        await Task.Delay(TimeSpan.FromSeconds(6), Cancel); // Longer than a lease: whatever it had in hand has come out by now.

        Assert.True(before.SequenceEqual(await RowsAsync(), StringComparer.Ordinal), Story());
        Assert.True(await EpochAsync() == 2, Story());
    }

    private string Story() => $"the woken host:\n{_active.Output}\nthe other:\n{_standby.Output}";

    private async Task ApproveAsync(Uri api)
    {
        foreach (var token in new[] { _ann, _bob })
        {
            await _modelflow.PostAsync($"api/releases/{Release}/decisions", new JsonObject { ["decision"] = "approve" }, token, api);
        }
    }

    private async Task<bool> AnswersAtTheOldAddressAsync()
    {
        try
        {
            return await _modelflow.FindAsync($"api/releases/{Release}") is not null;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private async Task<long> EpochAsync() =>
        (await _modelflow.Table("Hosts").GetEntityAsync<TableEntity>("lease", "active", cancellationToken: Cancel)).Value.GetInt64("Epoch")!.Value;

    private Task UntilEpochAsync(long epoch, int seconds) =>
        Installation.UntilAsync(async () => await EpochAsync() == epoch, seconds, () => $"nobody took over:\n{_standby.Output}");

    /// <summary>Every row that releases and routes consist of, with its version.</summary>
    private async Task<List<string>> RowsAsync()
    {
        var rows = new List<string>();
        foreach (var table in new[] { "Releases", "Routes", "Versions", "Deployments" })
        {
            await foreach (var row in _modelflow.Table(table).QueryAsync<TableEntity>(cancellationToken: Cancel))
            {
                rows.Add($"{table} {row.PartitionKey} {row.RowKey} {row.ETag}");
            }
        }

        return rows;
    }
}
