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
    private const int Models = 10;
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
        var plan = ExpectedRelease.Plan(Models);
        await _modelflow.SetUpDigitsAsync(sample => CalmPolicy.Of(sample, Ramp));
        var (ann, bob) = (await _modelflow.TokenAsync("ann", "approver"), await _modelflow.TokenAsync("bob", "approver"));
        using var api = new PatientApi(_modelflow);
        using var traffic = new LiveTraffic(_modelflow, [.. plan.Select(r => r.Model).Distinct(StringComparer.Ordinal)]);
        var operators = new Operators(_modelflow, api, ann, bob);
        var kills = new RandomKills(_modelflow, crashes, seed);
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
        Say($"{traffic.Answers.Count} requests: {string.Join(", ", traffic.Answers.GroupBy(a => a.Version ?? a.Problem).Select(g => $"{g.Key} {g.Count()}"))}");
        foreach (var model in plan.GroupBy(r => r.Model, StringComparer.Ordinal))
        {
            wrong.AddRange(await CheckModelAsync(api, model.Key, [.. model], [.. traffic.Answers.Where(a => a.Model == model.Key)]));
        }

        Assert.True(wrong.Count == 0, $"MODELFLOW_CRASH_SEED={seed}\n{string.Join('\n', wrong)}");
        Assert.Equal(plan.Select(r => r.Id).Order(StringComparer.Ordinal), (await api.ListAsync("api/releases", Cancel)).Select(r => (string)r["id"]!).Order(StringComparer.Ordinal));
        Assert.Empty((await api.GetAsync("api/uploads/refused", Cancel))["items"]!.AsArray());
        Assert.Empty(await new BlobContainerClient(_modelflow.StorageConnectionString, "incoming").GetBlobsAsync(cancellationToken: Cancel).ToListAsync(Cancel));
        Assert.True((bool)(await api.GetAsync("api/audit/_system/verify", Cancel))["intact"]!);

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
        var killing = kills.RunAsync(() => under.AddRange(operators.StagesUnderWay.DefaultIfEmpty("nothing")), limit.Token);

        // Models come one after the other, the last with a third of the kills to go: there is work under way from the first kill to the last.
        var models = plan.GroupBy(r => r.Model, StringComparer.Ordinal).Select((m, i) => ReleaseAllAsync(m, i * crashes * 2 / 3 / Models));
        try
        {
            await foreach (var done in Task.WhenEach([killing, .. models]))
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

        Say($"{kills.Done} kills, {kills.DuringStart} of them during a start; under way were {string.Join(", ", under.CountBy(s => s).OrderByDescending(s => s.Value).Select(s => $"{s.Key} {s.Value}"))}");

        async Task ReleaseAllAsync(IEnumerable<ExpectedRelease> releases, int after)
        {
            await kills.UntilAsync(after, limit.Token);
            foreach (var release in releases)
            {
                await operators.ReleaseAsync(release, limit.Token);
            }
        }
    }

    private static async Task<IReadOnlyList<string>> CheckModelAsync(PatientApi api, string model, IReadOnlyList<ExpectedRelease> releases, IReadOnlyList<Answer> answers)
    {
        var wrong = new List<string>();
        var good = releases.Where(r => r.RefusedBy is null).Select(r => r.Version).ToHashSet(StringComparer.Ordinal);
        Check((string)(await api.GetAsync($"api/models/{model}", Cancel))["stable"]! == releases.Last(r => r.RefusedBy is null).Version, "another version is stable");

        var routes = (await api.ListAsync($"api/models/{model}/route/history", Cancel)).OrderBy(r => (long)r["generation"]!).ToList();
        Check(routes.Select(r => (long)r["generation"]!).SequenceEqual(Enumerable.Range(1, routes.Count).Select(i => (long)i)), "generations are missing or doubled");
        Check((long)(await api.GetAsync($"api/models/{model}/route", Cancel))["route"]!["generation"]! == routes.Count, "the current route is not the newest");
        Check(routes.DistinctBy(r => (string)r["cause"]!).Count() == routes.Count, "one cause made two routes");
        Check(routes.All(r => VersionsOf(r).All(good.Contains)), "a route names a version that was refused");
        if (wrong.Count > 0)
        {
            wrong.Add(string.Join('\n', routes.Select(r => r.ToJsonString())));
        }

        var registered = (await api.ListAsync($"api/models/{model}/versions", Cancel)).ToDictionary(v => (string)v["version"]!, v => (DateTimeOffset)v["registeredAt"]!, StringComparer.Ordinal);
        Check(registered.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(releases.Select(r => r.Version)), $"registered are {string.Join(", ", registered.Keys)}");
        Check(answers.Any(a => a.Version is not null), "nothing was answered");
        wrong.AddRange(answers.Where(a => a.Problem is not null).Take(5).Select(a => $"{model}: {a.At:HH:mm:ss.fff} a request failed: {a.Problem}"));
        wrong.AddRange(answers.Where(a => a.Version is not null && !(good.Contains(a.Version) && registered.TryGetValue(a.Version, out var since) && since <= a.At))
            .Take(5).Select(a => $"{model}: {a.At:HH:mm:ss.fff} {a.Version} answered, which it must not"));
        return wrong;

        void Check(bool condition, string otherwise)
        {
            if (!condition)
            {
                wrong.Add($"{model}: {otherwise}");
            }
        }
    }

    private static IEnumerable<string> VersionsOf(JsonNode route) =>
        route["candidates"]!.AsArray().Select(c => (string)c!["version"]!).Append((string)route["stable"]!);

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text ? int.Parse(text, CultureInfo.InvariantCulture) : null;

    private static void Say(string text) => TestContext.Current.TestOutputHelper?.WriteLine(text);
}
