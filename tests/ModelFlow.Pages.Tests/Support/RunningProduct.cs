using System.Text.Json.Nodes;
using ModelFlow.Testing.Product;

namespace ModelFlow.Pages.Tests.Support;

/// <summary>
/// The whole product, started as programs, with people and a past: of <c>digits</c>, two versions were stable, one was refused by a gate, and one waits for approval;
/// live requests come all the time. Tests that change something use models of their own.
/// </summary>
public sealed class RunningProduct : IAsyncDisposable
{
    /// <summary>The release that waits for approval for as long as the tests run.</summary>
    public const string Waiting = "digits-v1.1.1-mlp-tuned-1";

    /// <summary>The release that was refused by a gate.</summary>
    public const string Refused = "digits-v1.4.0-slice-regression-1";

    /// <summary>The release that ramped.</summary>
    public const string Ramped = "digits-v1.1.0-mlp-1";

    private const string Ramp = """
        steps:
          - { weight: 20 %, bake: 2s }
          - { weight: 60 %, bake: 2s }
          - { weight: 100 %, bake: 2s }
        lookEvery: 1s
        lease: 30s
        """;

    private readonly Dictionary<string, string> _tokens = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _sending = new();
    private LiveTraffic? _traffic;
    private Task _sent = Task.CompletedTask;
    private Task? _started;

    /// <summary>The installation.</summary>
    public Installation Modelflow { get; } = new();

    /// <summary>A person's token: <c>rita</c> reads, <c>ann</c> and <c>bob</c> approve, <c>olga</c> operates, <c>otto</c> other models only, <c>ci</c> uploads, <c>ada</c> may all.</summary>
    public string TokenOf(string person) => _tokens[person];

    /// <summary>Starts it, once: the first test that needs it waits.</summary>
    public Task StartAsync() => _started ??= StartOnceAsync();

    /// <summary>Uploads a sample version as <c>ci</c>, with a lineage.</summary>
    public Task PushAsync(string model, string version) => Modelflow.PushAsync(TokenOf("ci"), version, model, lineage: new JsonObject
    {
        ["owner"] = "vision team",
        ["lineage"] = new JsonObject
        {
            ["dataset"] = new JsonObject { ["name"] = "digits-train" },
            ["gitCommit"] = "11f6ad8ec52a2984abaafd7c3b516503785c2072",
            ["parameters"] = new JsonObject { ["hidden"] = version.Contains("base", StringComparison.Ordinal) ? "0" : "64" },
        },
    });

    /// <summary>Approves a waiting release over the API.</summary>
    public Task ApproveAsync(string release, string person = "ann") =>
        Modelflow.PostAsync($"api/releases/{release}/decisions", new JsonObject { ["decision"] = "approve", ["comment"] = "looks fine" }, TokenOf(person));

    /// <summary>Takes a version all the way.</summary>
    public async Task MakeStableAsync(string model, string version)
    {
        var release = $"{model}-{version}-1";
        await PushAsync(model, version);
        await Modelflow.UntilAsync(release, r => (string)r["stage"]! == "awaitingApproval");
        await ApproveAsync(release);
        await Modelflow.UntilAsync(release, r => (string?)r["outcome"] == "stable");
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _sending.CancelAsync();
        await _sent;
        _traffic?.Dispose();
        _sending.Dispose();
        if (_started is not null)
        {
            await Modelflow.DisposeAsync();
        }
    }

    // For the documentation's pictures tolerances are as people choose them, and latencies are watched; tests must pass on a busy machine, too.
    private static string Policy(string sample)
    {
        var calm = CalmPolicy.Of(sample, Ramp).Replace("required: 2", "required: 1", StringComparison.Ordinal);
        return ScreenshotTests.ForDocumentation
            ? calm.Replace("errorRateIncrease: 0.5", "errorRateIncrease: 0.12", StringComparison.Ordinal).Replace("latencyP50Ratio: off", "latencyP50Ratio: 4", StringComparison.Ordinal)
            : calm;
    }

    private async Task StartOnceAsync()
    {
        await Modelflow.StartHostAsync();
        await Modelflow.SetUpDigitsAsync(Policy);
        foreach (var (person, roles) in new (string, string[])[]
        {
            ("rita", ["reader"]), ("ann", ["approver"]), ("bob", ["approver"]), ("olga", ["operator"]), ("otto", ["reader", "operator:other-*"]), ("ci", ["uploader"]), ("ada", ["admin"]),
        })
        {
            _tokens[person] = await Modelflow.TokenAsync(person, roles);
        }

        _traffic = new LiveTraffic(Modelflow, ["digits", "follow", "back"]);
        _sent = _traffic.RunAsync(_sending.Token);
        await MakeStableAsync("digits", "v1.0.0-base");
        await MakeStableAsync("digits", "v1.1.0-mlp");
        await PushAsync("digits", "v1.4.0-slice-regression");
        await Modelflow.UntilAsync(Refused, r => (string)r["stage"]! == "ended");
        await PushAsync("digits", "v1.1.1-mlp-tuned");
        await Modelflow.UntilAsync(Waiting, r => (string)r["stage"]! == "awaitingApproval");
    }
}
