using System.Net;
using System.Text.Json.Nodes;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>
/// What an operator does to one release, step by step, each when its moment has come. Half of the calls have a kill coming right after them,
/// and some are sent twice although they were answered: the request ids are the same.
/// </summary>
internal sealed class OperatorScript
{
    private readonly Queue<(Func<JsonNode, bool> When, Func<CancellationToken, Task> Call)> _steps = [];
    private readonly ExpectedRelease _release;
    private readonly PatientApi _api;
    private readonly RandomKills _kills;
    private readonly string _token;
    private readonly Random _random;

    /// <param name="release">What is released.</param>
    /// <param name="api">Where the operator asks.</param>
    /// <param name="kills">What it is disturbed by.</param>
    /// <param name="token">The operator's.</param>
    public OperatorScript(ExpectedRelease release, PatientApi api, RandomKills kills, string token)
    {
        (_release, _api, _kills, _token, _random) = (release, api, kills, token, new Random(release.Seed));
        switch (release.Act)
        {
            case OperatorAct.PauseAtApproval:
                Signal(r => Stage(r) == "awaitingApproval", "pause");
                Signal(r => Stage(r) == "awaitingTurn", "resume");
                break;
            case OperatorAct.PauseInRamp:
                Signal(HasSomeTraffic, "pause");
                Signal(IsPaused, "resume");
                break;
            case OperatorAct.AbortBeforeApproval:
                string[] stages = ["inspecting", "smokeTesting", "evaluating", "awaitingApproval"];
                var from = _random.Next(stages.Length);
                Signal(r => Array.IndexOf(stages, Stage(r)) >= from, "abort");
                break;
            case OperatorAct.AbortInRamp:
                Signal(HasSomeTraffic, "abort");
                break;
            case OperatorAct.RollbackInRamp:
                Rollback(HasSomeTraffic);
                break;
            case OperatorAct.RollbackWhilePaused:
                Signal(HasSomeTraffic, "pause");
                Rollback(IsPaused);
                break;
            case OperatorAct.RollbackAfter:
                Rollback(r => Stage(r) == "ended");
                break;
        }
    }

    /// <summary>Whether nothing is left to do.</summary>
    public bool IsDone => _steps.Count == 0;

    /// <summary>Does the next step if it is time.</summary>
    /// <param name="seen">The release as it stands.</param>
    /// <param name="cancellationToken">Ends the trying.</param>
    public async Task ActAsync(JsonNode seen, CancellationToken cancellationToken)
    {
        if (_steps.TryPeek(out var step) && step.When(seen))
        {
            await Task.Delay(_random.Next(600), cancellationToken);
            await step.Call(cancellationToken);
            _steps.Dequeue();
        }
    }

    private static string Stage(JsonNode release) => (string)release["stage"]!;

    private static bool IsPaused(JsonNode release) => (bool)release["paused"]!;

    // In the last step a call could come too late.
    private static bool HasSomeTraffic(JsonNode release) => (int?)release["weight"] is > 0 and < 10_000;

    private void Signal(Func<JsonNode, bool> when, string action) => _steps.Enqueue((when, cancel =>
        SendAsync($"api/releases/{_release.Id}/{action}", new JsonObject { ["comment"] = "drill", ["requestId"] = $"{_release.Id}-{action}" }, HttpStatusCode.Accepted, cancel)));

    private void Rollback(Func<JsonNode, bool> when) => _steps.Enqueue((when, cancel =>
        SendAsync($"api/models/{_release.Model}/rollback", new JsonObject { ["reason"] = "drill", ["requestId"] = $"{_release.Id}-back" }, HttpStatusCode.OK, cancel)));

    private async Task SendAsync(string path, JsonObject body, HttpStatusCode expected, CancellationToken cancellationToken)
    {
        if (_random.Next(2) == 0)
        {
            _kills.Provoke(TimeSpan.FromMilliseconds(_random.Next(60)));
        }

        for (var left = _random.Next(1, 3); left > 0; left--)
        {
            var (status, text) = await _api.PostAsync(path, body, _token, cancellationToken);
            Assert.True(status == expected, $"{path} answered {(int)status}: {text}");
        }
    }
}
