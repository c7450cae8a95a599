using System.Text.Json.Nodes;
using ModelFlow.EndToEnd.Product;

namespace ModelFlow.EndToEnd;

/// <summary>From a plain blob upload to answers from live traffic, as a newcomer does it.</summary>
[Trait("Speed", "Slow")]
public sealed class FirstVersionTests : IAsyncLifetime
{
    private readonly Installation _modelflow = new();

    public async ValueTask InitializeAsync() => await _modelflow.StartHostAsync();

    public ValueTask DisposeAsync() => _modelflow.DisposeAsync();

    [Fact]
    public async Task Dropped_file_becomes_stable_after_two_approvals_and_answers_and_a_restart_keeps_all()
    {
        await _modelflow.SetUpDigitsAsync();
        var (ann, bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));

        await _modelflow.DropAsync("v1.0.0-base");
        await _modelflow.UntilAsync("digits-v1.0.0-base-1", r => (string)r["stage"]! == "awaitingApproval");
        await ApproveAsync(ann);

        // Nobody knows who uploaded it: one approver is not enough, and the same one twice is one.
        await ApproveAsync(ann);
        Assert.Equal("awaitingApproval", (string)(await _modelflow.GetAsync("api/releases/digits-v1.0.0-base-1"))["stage"]!);
        await ApproveAsync(bob);
        var ended = await _modelflow.UntilAsync("digits-v1.0.0-base-1", r => (string)r["stage"]! == "ended");

        Assert.Equal("stable", (string)ended["outcome"]!);
        Assert.True((bool)(await _modelflow.GetAsync("api/releases/digits-v1.0.0-base-1/events/verify"))["intact"]!);
        Assert.InRange(await CountRightAsync(), 22, 30);

        Assert.Equal(0, await _modelflow.Host.StopAsync());
        Assert.Empty(_modelflow.Processes());
        await _modelflow.StartHostAsync();
        Assert.Equal("v1.0.0-base", (string)(await _modelflow.GetAsync("api/models/digits"))["stable"]!);
        await Installation.UntilAsync(async () => await TryInferAsync(), 30, () => "no answer after the restart");
        Assert.InRange(await CountRightAsync(), 22, 30);
    }

    private async Task ApproveAsync(string token) =>
        await _modelflow.PostAsync("api/releases/digits-v1.0.0-base-1/decisions", new JsonObject { ["decision"] = "approve" }, token);

    private async Task<int> CountRightAsync()
    {
        var right = 0;
        foreach (var row in Installation.GoldenRows())
        {
            var (label, version) = await _modelflow.InferAsync(row["pixels"]!.AsArray());
            Assert.Equal("v1.0.0-base", version);
            right += label == (int)row["label"]! ? 1 : 0;
        }

        return right;
    }

    private async Task<bool> TryInferAsync() => await Record.ExceptionAsync(() => _modelflow.InferAsync(Installation.GoldenRows()[0]["pixels"]!.AsArray())) is null;
}
