using System.Text.Json.Nodes;
using Azure.Storage.Blobs.Models;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Contracts;
using ModelFlow.Cli.Output;
using ModelFlow.Cli.Timeline;

namespace ModelFlow.Cli.Demo;

/// <summary>The story, chapter by chapter. It speaks HTTP and puts blobs, so it can be played on any host.</summary>
internal sealed class DemoStory(Call call, DemoPlace place, string model, Checks checks)
{
    private const string Base = "v1.0.0-base";
    private const string Better = "v1.1.0-mlp";
    private const string Slow = "v1.2.0-large";
    private static readonly TimeSpan LongestRelease = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan LongestRefusal = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(200);

    private readonly TimelineWriter _timeline = new(call.Screen, subjects: true);

    private TimeProvider Time => call.Surroundings.Time;

    public async Task PlayAsync()
    {
        var started = Time.GetTimestamp();
        await using var setting = await DemoSetting.PrepareAsync(call, place, model);

        Chapter("1. The first version, put into the container with a plain blob upload");
        Expect(await ReleaseAsync(setting, Base), "stable", by: null);

        await using (var traffic = LiveTraffic.Start(place.At.Gateway, model, place.At.InferenceKey, setting.Samples, Time))
        {
            Chapter($"2. A better version, under live traffic (batches of {LiveTraffic.BatchSize} images)");
            Expect(await ReleaseAsync(setting, Better), "stable", by: null);
            await CheckRampAsync(Better, [500, 2_500, 5_000, 10_000]);

            Chapter("3. A version that is more accurate and about ten times slower");
            var slow = await ReleaseAsync(setting, Slow);
            Expect(slow, "rolledBack", "guardrail");
            checks.Add($"{Slow}: what convicted it", "its latency, with numbers", slow.Reason, slow.Reason.Contains("latency", StringComparison.OrdinalIgnoreCase));
            checks.Equal($"stable after {Slow}", Better, await StableAsync());

            Chapter("4. Versions that must not see a request");
            await RefusedVersionsAsync(setting, traffic);

            Chapter("5. Bad uploads");
            await BadUploadsAsync(setting);

            Chapter("6. An operator rolls back");
            await RollBackAsync(setting, traffic);
            checks.Add("live requests that failed, in all of it", "0", $"{traffic.Failures.Count} of {traffic.Answered + traffic.Failures.Count}{First(traffic.Failures)}", traffic.Failures.Count == 0 && traffic.Answered > 500);
        }

        if (setting.Cards is { } cards)
        {
            checks.Equal("approvals: by a personal link, after signing in", "3, 3", $"{cards.ByLink}, {cards.BySignIn}");
            var told = cards.Cards.Count(c => c.To == "channel" && c.Title.EndsWith(": stable", StringComparison.Ordinal));
            checks.Equal("cards that say that a version is stable", "2", $"{told}");
        }

        call.Screen.Line();
        call.Screen.Line($"The story took {Time.GetElapsedTime(started).TotalSeconds:0} s.", Tone.Dim);
    }

    private static string First(IReadOnlyCollection<string> failures) => failures.Count == 0 ? "" : $"; first: {failures.First()}";

    private void Chapter(string title)
    {
        call.Screen.Line();
        call.Screen.Line(title, Tone.Strong);
    }

    private void Expect(Ended ended, string outcome, string? by)
    {
        var expected = by is null ? outcome : $"{outcome} by {by}";
        checks.Equal(ended.Version, expected, by is null ? ended.Outcome : $"{ended.Outcome} by {ended.By}");
    }

    private async Task RefusedVersionsAsync(DemoSetting setting, LiveTraffic traffic)
    {
        var refused = new (string Version, string By)[]
        {
            ("v1.3.0-broken-labels", "gate"), ("v1.4.0-slice-regression", "gate"), ("v1.5.0-nan", "smoke"), ("v1.6.0-truncated", "inspection"), ("v2.0.0-schema", "signature"),
        };
        var ended = new Dictionary<string, Ended>(StringComparer.Ordinal);
        foreach (var (version, by) in refused)
        {
            ended[version] = await ReleaseAsync(setting, version);
            Expect(ended[version], "rejected", by);
        }

        var sliceReason = ended["v1.4.0-slice-regression"].Reason;
        checks.Add("v1.4.0-slice-regression: what convicted it", "the recall of one class", sliceReason, sliceReason.Contains("slice", StringComparison.OrdinalIgnoreCase) && sliceReason.Contains('8', StringComparison.Ordinal));
        var signatureReason = ended["v2.0.0-schema"].Reason;
        checks.Add("v2.0.0-schema: the remedy", "names the policy that allows it", signatureReason, signatureReason.Contains("cutOver", StringComparison.Ordinal));
        var reached = refused.Select(r => r.Version).Where(v => traffic.AnswersOf(v) > 0).ToList();
        checks.Equal("requests that any of them answered", "none", reached.Count == 0 ? "none" : string.Join(", ", reached));
    }

    private async Task BadUploadsAsync(DemoSetting setting)
    {
        var good = await File.ReadAllBytesAsync(Path.Combine(setting.Samples, Better + ".onnx"), call.CancellationToken);
        var other = await File.ReadAllBytesAsync(Path.Combine(setting.Samples, "v1.1.1-mlp-tuned.onnx"), call.CancellationToken);
        var before = (string?)(await place.Admin.GetAsync(ApiClient.Path($"api/models/{model}/versions/{Better}"), call.CancellationToken))["digest"];

        await PutAsync(setting, $"{model}/latest.onnx", good);
        await PutAsync(setting, $"{model}/v1.1.2-wrong-digest/model.onnx", good);
        await PutAsync(setting, $"{model}/v1.1.2-wrong-digest/manifest.json", Manifest("v1.1.2-wrong-digest", good.Length, new string('0', 64)));
        await PutAsync(setting, $"{model}/{Better}.onnx", other);
        await PutAsync(setting, $"{model}/v1.1.3-other-format.safetensors", "no"u8.ToArray());

        await RefusedUploadAsync("the name 'latest'", $"{model}/latest.onnx", "name");
        await RefusedUploadAsync("a manifest with another digest", $"{model}/v1.1.2-wrong-digest/manifest.json", "digest");
        await RefusedUploadAsync($"{Better} again with other bytes", $"{model}/{Better}.onnx", "exists");
        await RefusedUploadAsync("a format nothing here can run", $"{model}/v1.1.3-other-format.safetensors", "format");

        var after = (string?)(await place.Admin.GetAsync(ApiClient.Path($"api/models/{model}/versions/{Better}"), call.CancellationToken))["digest"];
        checks.Equal($"{Better} after the upload of other bytes", before ?? "registered", after ?? "gone");
    }

    private async Task RefusedUploadAsync(string what, string path, string by)
    {
        var refusal = await WaitForAsync(
            async () => (await place.Admin.ListAsync("api/uploads/refused", 100, call.CancellationToken))["items"]!.AsArray()
                .FirstOrDefault(r => (string?)r!["upload"]!["manifestPath"] == path),
            LongestRefusal);
        var kept = refusal is null ? "not refused" : $"{(string?)refusal["by"]}, kept in quarantine";
        _timeline.Write(Time.GetUtcNow(), what, "refused", (string?)refusal?["reason"] ?? "nothing happened", refusal is null ? Tone.Bad : Tone.Plain);
        checks.Equal($"upload: {what}", $"{by}, kept in quarantine", kept);
    }

    private async Task RollBackAsync(DemoSetting setting, LiveTraffic traffic)
    {
        var answered = traffic.AnswersOf(Better);
        var called = Time.GetTimestamp();
        var body = new JsonObject { ["reason"] = "the demo's last chapter" };
        var answer = ApiClient.Read<RollbackAnswer>((await setting.Operator.SendAsync(HttpMethod.Post, ApiClient.Path($"api/models/{model}/rollback"), body, call.CancellationToken))!);
        var returned = Time.GetTimestamp();
        var baseBefore = traffic.AnswersOf(Base);
        await WaitForAsync(() => Task.FromResult(traffic.AnswersOf(Base) > baseBefore + 100 ? this : null), LongestRefusal);

        var last = traffic.LastSentTo(Better) is { } sent ? Time.GetElapsedTime(called, sent) : TimeSpan.Zero;
        var call200 = Time.GetElapsedTime(called, returned);
        var message = $"all traffic on {answer.To}: gateways confirmed after {answer.Took.TotalMilliseconds:0} ms, the call returned after {call200.TotalMilliseconds:0} ms";
        _timeline.Write(Time.GetUtcNow(), model, "rollback", message, Tone.Good);
        checks.Equal("rollback goes to", Base, answer.To);
        checks.Equal("stable after the rollback", Base, await StableAsync());
        checks.Add(
            $"last request that {Better} got",
            "before the call returned",
            last <= TimeSpan.Zero ? "before the call" : $"{last.TotalMilliseconds:0} ms after the call, of {call200.TotalMilliseconds:0} ms",
            answered > 0 && last <= call200);
    }

    private async Task<Ended> ReleaseAsync(DemoSetting setting, string version)
    {
        await PutAsync(setting, $"{model}/{version}.onnx", await File.ReadAllBytesAsync(Path.Combine(setting.Samples, version + ".onnx"), call.CancellationToken));
        var id = $"{model}-{version}-1";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(call.CancellationToken);
        limit.CancelAfter(LongestRelease);
        var found = await WaitForAsync(() => FindAsync(id, limit.Token), LongestRefusal);
        if (found is null)
        {
            return new Ended(version, "never started", "", "The upload was not taken in.");
        }

        var outcome = "";
        var by = "";
        var reason = "";
        var follower = new ReleaseFollower(place.Admin, Time);
        try
        {
            await foreach (var (_, happened) in follower.FollowAsync(id, after: 0, limit.Token))
            {
                _timeline.Write(id, happened);
                if (happened is { Kind: "stageEntered", Stage: "awaitingApproval" })
                {
                    await ApproveAsync(setting, id);
                }
                else if (happened.Kind == "ended")
                {
                    outcome = (string?)happened.Data?["outcome"] ?? "";
                    by = (string?)happened.Data?["by"] ?? "";
                    reason = happened.Message;
                }
            }
        }
        catch (OperationCanceledException) when (!call.CancellationToken.IsCancellationRequested)
        {
            throw new CommandFailedException(ExitCode.Refused, $"{id} did not end within {LongestRelease.TotalMinutes:0} minutes.", $"'modelflow watch {id}' shows where it is; the host's log says why it does not go on.");
        }

        return new Ended(version, outcome, by, reason);
    }

    private async Task<JsonNode?> FindAsync(string release, CancellationToken cancellationToken)
    {
        try
        {
            return await place.Admin.GetAsync(ApiClient.Path($"api/releases/{release}"), cancellationToken);
        }
        catch (CommandFailedException e) when (e.ExitCode == ExitCode.NotFound)
        {
            return null;
        }
    }

    // Nobody is known to have made a bare drop, so two are needed.
    private async Task ApproveAsync(DemoSetting setting, string release)
    {
        if (setting.Cards is { } cards)
        {
            if (!await cards.ApproveAsync(release))
            {
                checks.Add($"a card about {release}", "arrives and asks", "none arrived", holds: false);
            }

            return;
        }

        // As a person's script would: an HTTP callback with the person's own token.
        foreach (var approver in setting.Approvers)
        {
            var body = new JsonObject { ["decision"] = "approve", ["comment"] = "the numbers are good" };
            await approver.SendAsync(HttpMethod.Post, ApiClient.Path($"api/releases/{release}/decisions"), body, call.CancellationToken);
        }
    }

    private async Task CheckRampAsync(string version, int[] expected)
    {
        var history = await place.Admin.ListAsync(ApiClient.Path($"api/models/{model}/route/history"), 100, call.CancellationToken);
        var weights = history["items"]!.AsArray()
            .SelectMany(r => r!["candidates"]?.AsArray() ?? [])
            .Where(c => (string?)c!["version"] == version)
            .Select(c => (int)c!["weight"]!)
            .Reverse();
        checks.Equal($"{version}: steps of its ramp", string.Join(" → ", expected.Select(Percent)), string.Join(" → ", weights.Select(Percent)));

        static string Percent(int points) => $"{points / 100m:0.##} %";
    }

    private async Task<string> StableAsync() =>
        (string?)(await place.Admin.GetAsync(ApiClient.Path($"api/models/{model}"), call.CancellationToken))["stable"] ?? "none";

    private async Task PutAsync(DemoSetting setting, string path, byte[] content)
    {
        var blob = setting.Incoming.GetBlobClient(path);
        await blob.UploadAsync(BinaryData.FromBytes(content), new BlobUploadOptions(), call.CancellationToken);
    }

    private byte[] Manifest(string version, long size, string sha256) => System.Text.Encoding.UTF8.GetBytes(new JsonObject
    {
        ["schema"] = "modelflow/manifest/v1",
        ["model"] = model,
        ["version"] = version,
        ["format"] = "onnx",
        ["files"] = new JsonArray(new JsonObject { ["path"] = "model.onnx", ["size"] = size, ["sha256"] = sha256 }),
    }.ToJsonString());

    private async Task<T?> WaitForAsync<T>(Func<Task<T?>> find, TimeSpan atMost)
        where T : class
    {
        var since = Time.GetTimestamp();
        while (true)
        {
            if (await find() is { } found)
            {
                return found;
            }

            if (Time.GetElapsedTime(since) > atMost)
            {
                return null;
            }

            await Task.Delay(Poll, Time, call.CancellationToken);
        }
    }

    private sealed record Ended(string Version, string Outcome, string By, string Reason);
}
