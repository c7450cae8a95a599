using System.Globalization;
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

    private static readonly HashSet<string> Versioning = new(StringComparer.Ordinal) { "odata.etag", "Timestamp", "fence" };

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

        await UntilActiveAsync(_standby, seconds: 15);
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
        // On a busy machine either may be the active one: whoever is late with a renewal loses the lease, and takes it again if nobody else does.
        var before = await LeaseAsync();
        var (frozen, other) = IsOf(before, _active) ? (_active, _standby) : (_standby, _active);
        await frozen.SignalAsync("STOP");
        await UntilActiveAsync(other, seconds: 15);
        await Installation.UntilAsync(() => Task.FromResult(other.Output.Contains("fenced 1 running releases", StringComparison.Ordinal)), 15, Story);
        await ApproveAsync(other.Api);
        var ended = await _modelflow.UntilAsync(Release, r => (string)r["stage"]! == "ended", api: other.Api);
        Assert.Equal("stable", (string)ended["outcome"]!);
        var rows = await RowsAsync();

        await frozen.SignalAsync("CONT");
        await Installation.UntilAsync(
            () => Task.FromResult(frozen.Output.Contains($"not active any more, epoch {before.Epoch.ToString(CultureInfo.InvariantCulture)}", StringComparison.Ordinal)),
            15,
            () => frozen.Output);
        await Task.Delay(TimeSpan.FromSeconds(6), Cancel); // Longer than a lease: whatever it had in hand has come out by now.

        Assert.True(rows.SequenceEqual(await RowsAsync(), StringComparer.Ordinal), Story());
        Assert.True((await LeaseAsync()).Epoch > before.Epoch, Story());
    }

    private string Story() => $"the host:\n{_active.Output}\nits standby:\n{_standby.Output}";

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

    private static bool IsOf(LeaseRow lease, HostProcess host) =>
        lease.Host.Contains($"-{host.Id.ToString(CultureInfo.InvariantCulture)}-", StringComparison.Ordinal);

    private async Task<LeaseRow> LeaseAsync()
    {
        var row = (await _modelflow.Table("Hosts").GetEntityAsync<TableEntity>("lease", "active", cancellationToken: Cancel)).Value;
        return new LeaseRow(row.GetInt64("Epoch")!.Value, row.GetString("Host"));
    }

    private Task UntilActiveAsync(HostProcess host, int seconds) =>
        Installation.UntilAsync(async () => IsOf(await LeaseAsync(), host), seconds, () => $"it did not take over:\n{host.Output}");

    /// <summary>
    /// What every row says that releases and routes consist of. Not its version: each take-over, of which a busy machine may see more than
    /// one, fences the rows and changes nothing in them.
    /// </summary>
    private async Task<List<string>> RowsAsync()
    {
        var rows = new List<string>();
        foreach (var table in new[] { "Releases", "Routes", "Versions", "Deployments" })
        {
            await foreach (var row in _modelflow.Table(table).QueryAsync<TableEntity>(cancellationToken: Cancel))
            {
                rows.Add($"{table} {string.Join(' ', row.Where(p => !Versioning.Contains(p.Key)).OrderBy(p => p.Key, StringComparer.Ordinal).Select(p => $"{p.Key}={p.Value}"))}");
            }
        }

        return rows;
    }

    private sealed record LeaseRow(long Epoch, string Host);
}
