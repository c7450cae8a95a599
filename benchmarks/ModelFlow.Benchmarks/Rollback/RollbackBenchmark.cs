using System.Globalization;
using System.Text.Json.Nodes;
using ModelFlow.Benchmarks.Product;
using ModelFlow.Benchmarks.Reporting;

namespace ModelFlow.Benchmarks.Rollback;

/// <summary>
/// Rollbacks to and fro between two loaded versions, under closed-loop traffic through the gateway. Measured from the call to the last
/// answer of the old version: that request was admitted before it was answered, so the figure is an upper bound.
/// </summary>
internal sealed class RollbackBenchmark : IBenchmark
{
    private const string Base = "v1.0.0-base";
    private const string Better = "v1.1.0-mlp";
    private const int Rollbacks = 50;
    private static readonly TimeSpan BetweenRollbacks = TimeSpan.FromMilliseconds(500);

    public IReadOnlyList<string> Needs { get; } = [];

    public async Task RunAsync(Report report, int? rounds, CancellationToken cancellationToken)
    {
        // Two approvers and a slow ramp are the demo's subject, not this one's.
        static string Quick(string policy) => policy
            .Replace("required: 1 ", "required: 0 ", StringComparison.Ordinal)
            .Replace("bake: 4s", "bake: 1s", StringComparison.Ordinal)
            .Replace("bake: 3s", "bake: 1s", StringComparison.Ordinal);
        await using var product = await RunningProduct.StartAsync(Quick, cancellationToken);
        await ReleaseAsync(product, Base, cancellationToken);
        await using var traffic = ClosedLoop.Start(product.Gateway, "digits", RunningProduct.Sample("golden.jsonl"));
        await ReleaseAsync(product, Better, cancellationToken);
        var (lastAnswer, call) = (new List<double>(), new List<double>());
        var (from, to) = (Better, Base);
        for (var i = 0; i < (rounds ?? 1) * Rollbacks; i++)
        {
            var called = TimeProvider.System.GetTimestamp();
            await product.PostAsync("api/models/digits/rollback", new JsonObject { ["to"] = to, ["reason"] = "benchmark" }, cancellationToken);
            call.Add(TimeProvider.System.GetElapsedTime(called).TotalMilliseconds);
            await Task.Delay(BetweenRollbacks, cancellationToken);
            var last = traffic.LastAnswerOf(from) ?? throw new InvalidOperationException($"{from} never answered.");
            lastAnswer.Add(Math.Max(0, TimeProvider.System.GetElapsedTime(called, last).TotalMilliseconds));
            (from, to) = (to, from);
        }

        if (!traffic.Failures.IsEmpty)
        {
            throw new InvalidOperationException($"{traffic.Failures.Count} live requests failed; the first: {traffic.Failures.First()}");
        }

        var measured = new Samples(lastAnswer);
        var shown = string.Create(CultureInfo.InvariantCulture, $"p50 {measured.Median:0} ms, p99 {measured.Quantile(0.99):0} ms, worst {measured.Values.Max():0} ms");
        report.Measure($"rollback, {measured.Values.Count} times under {traffic.PerSecond:0} requests/s: call to last answer of the old version", shown, new Target(AtMost: 250), measured.Quantile(0.99));
        report.Measure("rollback: the call itself", $"{new Samples(call).Show("0")} ms");
    }

    private static async Task ReleaseAsync(RunningProduct product, string version, CancellationToken cancellationToken)
    {
        await product.PushAsync(RunningProduct.Sample($"{version}.onnx"), "digits", version, cancellationToken);
        var ended = await product.UntilAsync($"api/releases/digits-{version}-1", r => (string?)r["stage"] == "ended", cancellationToken);
        if ((string?)ended["outcome"] != "stable")
        {
            throw new InvalidOperationException($"{version} was not released: {ended.ToJsonString()}");
        }
    }
}
