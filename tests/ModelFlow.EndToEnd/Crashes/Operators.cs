using System.Collections.Concurrent;
using System.Net;
using System.Text.Json.Nodes;
using ModelFlow.EndToEnd.Product;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>The people: they upload versions, one after the other for each model, two of them approve as often as it takes, and a third one intervenes.</summary>
internal sealed class Operators(Installation modelflow, PatientApi api, RandomKills kills, string ann, string bob, string operatorToken)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(700);
    private readonly ConcurrentDictionary<string, string> _stages = new(StringComparer.Ordinal);

    /// <summary>The stages of all releases under way, as last seen.</summary>
    public IReadOnlyList<string> StagesUnderWay => [.. _stages.Values.Where(s => s != "ended")];

    /// <summary>How many releases have ended.</summary>
    public int Ended => _stages.Values.Count(s => s == "ended");

    /// <summary>Uploads a version and sees its release through to its end.</summary>
    public async Task ReleaseAsync(ExpectedRelease release, CancellationToken cancellationToken)
    {
        var script = new OperatorScript(release, api, kills, operatorToken);
        await modelflow.DropAsync(release.Version, release.Model);
        _stages[release.Id] = "incoming";
        while (_stages[release.Id] != "ended" || !script.IsDone)
        {
            await Task.Delay(Pause, cancellationToken);
            if (await api.FindAsync($"api/releases/{release.Id}", cancellationToken) is { } seen)
            {
                _stages[release.Id] = (string)seen["stage"]!;
                await script.ActAsync(seen, cancellationToken);
                Assert.True(script.IsDone || _stages[release.Id] != "ended" || release.Act == OperatorAct.RollbackAfter, $"{release.Id} ended before {release.Act}: {seen.ToJsonString()}");
            }

            if (_stages[release.Id] == "awaitingApproval" && release.IsApproved)
            {
                await ApproveAsync(release.Id, "ann", ann, cancellationToken);
                await ApproveAsync(release.Id, "bob", bob, cancellationToken);
            }
        }
    }

    /// <summary>The prefix that a freeze beside a model covers: no model at all.</summary>
    public static string ScopeBeside(string model) => $"beside-{model}-*";

    /// <summary>Freezes models that there are none of: an entry in the audit of the whole installation, once.</summary>
    public async Task FreezeBesideAsync(string model, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["scope"] = ScopeBeside(model), ["reason"] = "drill", ["requestId"] = $"freeze-{model}" };
        var (status, text) = await api.PostAsync("api/freezes", body, operatorToken, cancellationToken);
        Assert.True(status == HttpStatusCode.OK, $"freezing answered {(int)status}: {text}");
    }

    /// <inheritdoc/>
    public override string ToString() => string.Join(", ", _stages.Where(s => s.Value != "ended").Select(s => $"{s.Key} {s.Value}"));

    private async Task ApproveAsync(string release, string who, string token, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["decision"] = "approve", ["requestId"] = $"{release}-{who}" };
        var (status, text) = await api.PostAsync($"api/releases/{release}/decisions", body, token, cancellationToken);
        Assert.True(status is HttpStatusCode.Accepted or HttpStatusCode.Conflict, $"approving {release} answered {(int)status}: {text}");
    }
}
