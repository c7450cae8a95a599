using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Azure.Storage.Blobs;
using ModelFlow.EndToEnd.Product;
using ModelFlow.Testing.Product;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>
/// The host is killed again and again while releases run under live traffic. Whatever it was doing, every release ends as it should,
/// is recorded whole and once, and no client notices anything.
/// </summary>
/// <remarks><c>MODELFLOW_CRASHES</c> says how many kills (50 by default), <c>MODELFLOW_CRASH_SEED</c> repeats a run.</remarks>
[Trait("Speed", "Slow")]
public sealed class CrashTests : IAsyncLifetime
{
    private const int Steps = 3;

    private const string Ramp = """
        steps:
          - { weight: 25 %, bake: 4s }
          - { weight: 50 %, bake: 4s }
          - { weight: 100 %, bake: 3s }
        lookEvery: 1s
        lease: 8s
        """;

    private readonly Installation _modelflow = new();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        // A killed host does not say goodbye: the next one waits for the end of its lease. A short one leaves time for work between kills,
        // and with several evaluators at once the releases get past their evaluations although every kill ends those under way.
        Directory.CreateDirectory(_modelflow.Folder);
        await _modelflow.ConfigureAsync("""{ "Lease": { "Duration": "00:00:01.5", "RenewEvery": "00:00:00.3", "Margin": "00:00:00.4" }, "Evaluation": { "MaxParallel": 3 } }""");
        await _modelflow.StartHostAsync();
    }

    public ValueTask DisposeAsync() => _modelflow.DisposeAsync();

    [Fact]
    public async Task Host_killed_at_random_moments_loses_doubles_and_serves_nothing_wrong()
    {
        var crashes = Number("MODELFLOW_CRASHES") ?? 50;
        var seed = Number("MODELFLOW_CRASH_SEED") ?? RandomNumberGenerator.GetInt32(int.MaxValue);
        Say($"{crashes} kills, MODELFLOW_CRASH_SEED={seed}");
        var plan = ExpectedRelease.Plan(seed);
        await _modelflow.SetUpDigitsAsync(sample => CalmPolicy.Of(sample, Ramp));
        var (ann, bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));
        using var api = new PatientApi(_modelflow);
        using var traffic = new LiveTraffic(_modelflow, [.. plan.Select(r => r.Model).Distinct(StringComparer.Ordinal)]);
        var kills = new RandomKills(_modelflow, crashes, seed);
        var operators = new Operators(_modelflow, api, kills, ann, bob, await _modelflow.TokenAsync("operator", "operator"));
        using var watch = new RouteWatch(_modelflow.Folder, kills, seed);
        var before = await api.AuditAsync("_system", Cancel);
        using var sending = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        var sent = traffic.RunAsync(sending.Token);

        await KillWhileReleasingAsync(plan, operators, kills, crashes);

        var wrong = new List<string>();
        foreach (var release in plan)
        {
            wrong.AddRange(await ReleaseRecord.CheckAsync(api, release, Steps, Cancel));
        }

        await sending.CancelAsync();
        await sent;
        Say($"{api.CutOff} calls were cut off and sent again");
        Say($"{traffic.Answers.Count} requests: {string.Join(", ", traffic.Answers.GroupBy(a => a.Version ?? a.Problem).Select(g => $"{g.Key} {g.Count()}"))}");
        foreach (var model in plan.GroupBy(r => r.Model, StringComparer.Ordinal))
        {
            wrong.AddRange(await ModelRecord.CheckAsync(api, model.Key, [.. model], [.. traffic.Answers.Where(a => a.Model == model.Key)], Cancel));
        }

        Assert.True(wrong.Count == 0, $"MODELFLOW_CRASH_SEED={seed}\n{string.Join('\n', wrong)}");
        Assert.Equal(plan.Select(r => r.Id).Order(StringComparer.Ordinal), (await api.ListAsync("api/releases", Cancel)).Select(r => (string)r["id"]!).Order(StringComparer.Ordinal));
        Assert.Empty((await api.GetAsync("api/uploads/refused", Cancel))["items"]!.AsArray());
        Assert.Empty(await new BlobContainerClient(_modelflow.StorageConnectionString, "incoming").GetBlobsAsync(cancellationToken: Cancel).ToListAsync(Cancel));
        await CheckSystemAuditAsync(api, before, plan);

        // The host, Azurite, the gateway, the model server: no evaluator of a dead host, and nothing twice.
        Assert.Equal(4, _modelflow.Processes().Count);
        var stop = await HostProcess.RunAsync(_modelflow.Folder, "stop");
        Assert.True(stop.ExitCode == 0, stop.Output);
        Assert.Empty(_modelflow.Processes());
    }

    private static async Task KillWhileReleasingAsync(IReadOnlyList<ExpectedRelease> plan, Operators operators, RandomKills kills, int crashes)
    {
        var under = new List<string>();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(Cancel);
        limit.CancelAfter(TimeSpan.FromMinutes(20));
        var killing = kills.RunAsync(() => under.AddRange(operators.StagesUnderWay.DefaultIfEmpty("nothing")), () => (double)operators.Ended / plan.Count, limit.Token);

        // Models come one after the other, the last with a third of the kills to go: there is work under way from the first kill to the last.
        var models = plan.GroupBy(r => r.Model, StringComparer.Ordinal).ToList();
        var releasing = models.Select((m, i) => ReleaseAllAsync(m, i * crashes * 2 / 3 / models.Count));
        try
        {
            await foreach (var done in Task.WhenEach([killing, .. releasing]))
            {
                await done;
            }
        }
        catch (OperationCanceledException) when (!Cancel.IsCancellationRequested)
        {
            Assert.Fail($"Not done after {kills.Done} kills: {operators}\n{kills.Host.Output}");
        }
        finally
        {
            await limit.CancelAsync();
        }

        Say($"{kills.Done} kills, {kills.DuringStart} of them during a start and {kills.Provoked} right after an operator's call or a change of a route; under way were {string.Join(", ", under.CountBy(s => s).OrderByDescending(s => s.Value).Select(s => $"{s.Key} {s.Value}"))}");

        async Task ReleaseAllAsync(IEnumerable<ExpectedRelease> releases, int after)
        {
            await kills.UntilAsync(after, limit.Token);
            await operators.FreezeBesideAsync(releases.First().Model, limit.Token);
            foreach (var release in releases)
            {
                await operators.ReleaseAsync(release, limit.Token);
            }
        }
    }

    // What was written before the first kill is there still, and each freeze once.
    private static async Task CheckSystemAuditAsync(PatientApi api, List<JsonNode> before, IReadOnlyList<ExpectedRelease> plan)
    {
        var after = await api.AuditAsync("_system", Cancel);
        Assert.Equal(before.Select(e => e.ToJsonString()), after.Take(before.Count).Select(e => e.ToJsonString()));
        Assert.Equal(
            plan.Select(r => Operators.ScopeBeside(r.Model)).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal).Select(s => $"operator freeze {s}"),
            after.Skip(before.Count).Select(e => $"{e["entry"]!["by"]} {e["entry"]!["action"]} {e["entry"]!["subject"]}").Order(StringComparer.Ordinal));
    }

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private static void Say(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
