using ModelFlow.Core.Approvals;
using ModelFlow.Core.Freezes;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Operations;
using ModelFlow.Testing.World;

namespace ModelFlow.Orchestration.Tests.Stories;

/// <summary>People decide, through the real engine and stores, in virtual time.</summary>
public sealed class ApprovalStoryTests : IAsyncLifetime
{
    private static readonly Requester Admin = new("admin", "1");

    private readonly InMemoryStores _stores = new();
    private readonly SimulatedWorld _world;

    public ApprovalStoryTests() => _world = new SimulatedWorld(_stores.AddTo);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => await _world.SetPolicyAsync();

    public ValueTask DisposeAsync() => _world.DisposeAsync();

    [Fact]
    public async Task Ramp_asksBeforeAWeightAndBeforePromotion_andIsWatchedMeanwhile()
    {
        await ReleaseAsync("v1.0.0-base");
        await SetApprovalAsync("{ required: 1, also: [ { before: 50 %, from: [dora] }, { before: promotion, from: ['group:board'] } ] }");
        await PersonAsync("eve", groups: ["board"]);
        var id = await UploadAsync("v1.1.0-mlp");

        var waiting = await _world.RunAsync(id, IsAsked("50 %"));
        Assert.Equal(2_500, await WeightAsync());
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        var later = waiting.Asked!.AskedAt + TimeSpan.FromMinutes(30);
        var stillWaiting = await _world.RunAsync(id, s => s.LastLook is not null && _world.Time.GetUtcNow() >= later);
        Assert.True(stillWaiting.LeaseHeld);
        Assert.Equal(2_500, await WeightAsync());
        Assert.Contains(await EventsAsync(id), e => e.Kind == "signalIgnored" && e.Message.Contains("the policy asks dora", StringComparison.Ordinal));

        await _world.SignalAsync(id, SignalKind.Approve, "dora");
        await _world.RunAsync(id, IsAsked("promotion"));
        Assert.Equal(10_000, await WeightAsync());
        await _world.SignalAsync(id, SignalKind.Approve, "eve");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id)).Outcome);
    }

    [Fact]
    public async Task FirstVersion_withoutARamp_isAskedEverythingAtOnce()
    {
        await SetApprovalAsync("{ required: 1, also: [ { before: 50 %, from: [dora] }, { before: promotion, from: [eve] }, { before: breakingSignature, from: [fay] } ] }");
        var id = await UploadAsync("v1.0.0-base");
        var asked = (await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false)).Asked!;

        Assert.Equal(["ramp", "50 %", "promotion"], asked.Demands.Select(d => d.Before.ToString()));
        foreach (var by in (string[])["bo", "dora", "eve"])
        {
            Assert.IsType<Stage.AwaitingApproval>((await StandAsync(id)).Stage);
            await _world.SignalAsync(id, SignalKind.Approve, by);
        }

        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Breaking_signature_isAskedOfItsOwners()
    {
        await ReleaseAsync("v1.0.0-base");
        await SetApprovalAsync("{ required: 1, also: [ { before: breakingSignature, from: [fay] } ] }", "signature: { breaking: cutOver }");
        _world.Behave("v2.0.0-mlp", new VersionBehaviour { OtherInputs = true });
        var id = await UploadAsync("v2.0.0-mlp");
        var state = await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval && s.Approvals.Count == 2);
        Assert.Equal(["ramp", "breakingSignature"], state.Asked!.Demands.Select(d => d.Before.ToString()));

        await _world.SignalAsync(id, SignalKind.Approve, "fay");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Ramp_nobodyApprovesInTime_givesTheTrafficBack()
    {
        await ReleaseAsync("v1.0.0-base");
        await SetApprovalAsync("{ required: 1, also: [ { before: 50 %, from: [dora], expiresAfter: 10m } ] }");
        var state = await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));

        Assert.Equal((Outcome.RolledBack, "expiry"), (state.Outcome, state.Failure!.By));
        Assert.Empty((await _world.Get<IRouteStore>().GetAsync(ModelName.Parse("digits"), Cancel))!.Route.Candidates);
    }

    [Fact]
    public async Task Ramp_rejectedInTheMiddle_givesTheTrafficBack()
    {
        await ReleaseAsync("v1.0.0-base");
        await SetApprovalAsync("{ required: 1, also: [ { before: 25 %, from: [dora] } ] }");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, IsAsked("25 %"));
        await _world.SignalAsync(id, SignalKind.Reject, "bo", "users complain");
        var state = await _world.RunAsync(id);

        Assert.Equal((Outcome.RolledBack, "approver"), (state.Outcome, state.Failure!.By));
    }

    [Fact]
    public async Task Ramp_harmWhileItWaits_stopsItAllTheSame()
    {
        await ReleaseAsync("v1.0.0-base");
        await SetApprovalAsync("{ required: 1, also: [ { before: 50 %, from: [dora] } ] }");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, IsAsked("50 %"));
        _world.Behave("v1.1.0-mlp", new VersionBehaviour { ErrorRate = 0.9 });
        var state = await _world.RunAsync(id);

        Assert.Equal((Outcome.RolledBack, "guardrail"), (state.Outcome, state.Failure!.By));
    }

    [Fact]
    public async Task Promote_skipsNoApproval()
    {
        await ReleaseAsync("v1.0.0-base");
        await SetApprovalAsync("{ required: 1, also: [ { before: 50 %, from: [dora] }, { before: promotion, from: [eve] } ] }");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Step: 0, Phase: RampPhase.Baking });
        await _world.SignalAsync(id, SignalKind.Promote, "op");
        await _world.RunAsync(id, IsAsked("50 % and promotion"));
        await _world.SignalAsync(id, SignalKind.Approve, "dora");
        await _world.SignalAsync(id, SignalKind.Promote, "op2");
        var waiting = await _world.RunAsync(id, s => s.Approvals.Any(a => a.By == "dora") && s.Pending is null);
        Assert.Equal(500, await WeightAsync());
        Assert.Equal("50 % and promotion", waiting.Asked!.Before);

        await _world.SignalAsync(id, SignalKind.Approve, "eve");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id)).Outcome);
        var events = await EventsAsync(id);
        Assert.Single(events, e => e.Kind == "trafficShifted");
        Assert.Contains(events, e => e.Kind == "signalIgnored" && e.Message.Contains("asked already", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Withdrawn_approval_countsNoMore()
    {
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        await _world.SignalAsync(id, SignalKind.Withdraw, "bo");
        await _world.SignalAsync(id, SignalKind.Withdraw, "cy");
        await _world.SignalAsync(id, SignalKind.Approve, "dora");
        Assert.Equal(["dora"], (await StandAsync(id)).Approvals.Select(a => a.By));

        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
        Assert.Contains(await EventsAsync(id), e => e.Kind == "signalIgnored" && e.Message.StartsWith("Withdraw by cy", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Approval_withdrawnWhileTheReleaseWaitsForItsTurn_isNeededAgain()
    {
        await _world.Get<IFreezeStore>().PutAsync(new Freeze("digits", "ada", _world.Time.GetUtcNow(), "holidays"), Cancel);
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingTurn { Reason: not "its turn" });
        await _world.SignalAsync(id, SignalKind.Withdraw, "bo");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.Get<IFreezeStore>().RemoveAsync("digits", Cancel);

        await _world.SignalAsync(id, SignalKind.Approve, "dora");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Approval_thatHasTakenEffect_cannotBeTakenBack()
    {
        await ReleaseAsync("v1.0.0-base");
        var id = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(id, s => s.Stage is Stage.Ramping { Step: 0, Phase: RampPhase.Baking });
        await _world.SignalAsync(id, SignalKind.Withdraw, "bo");

        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id)).Outcome);
        Assert.Contains(await EventsAsync(id), e => e.Kind == "signalIgnored" && e.Message.Contains("has taken effect", StringComparison.Ordinal));
    }

    [Fact]
    public async Task OnePerson_underTwoSignIns_countsOnce()
    {
        await PersonAsync("bo", ["entra:bo", "bo-laptop"]);
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.SignalAsync(id, SignalKind.Approve, "entra:bo");
        _world.Time.Advance(TimeSpan.FromSeconds(1));
        await _world.SignalAsync(id, SignalKind.Approve, "bo-laptop");
        Assert.Equal(["entra:bo"], (await StandAsync(id)).Approvals.Select(a => a.By));
        Assert.Contains(await EventsAsync(id), e => e.Kind == "signalIgnored" && e.Message.Contains("bo has approved already", StringComparison.Ordinal));
    }

    [Fact]
    public async Task TwoSignIns_thatTurnOutToBeOnePerson_countOnce()
    {
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.SignalAsync(id, SignalKind.Approve, "entra:bo");
        await StandAsync(id);
        await PersonAsync("bo", ["entra:bo", "bo-laptop"]);
        await _world.SignalAsync(id, SignalKind.Approve, "bo-laptop");
        Assert.IsType<Stage.AwaitingApproval>((await StandAsync(id)).Stage);
    }

    [Fact]
    public async Task RemovedApprover_countsNoMore()
    {
        await PersonAsync("bo", []);
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        await StandAsync(id);
        Assert.NotNull(await _world.Get<ManagePeople>().RemoveAsync("bo", "left", Admin, Cancel));

        await _world.SignalAsync(id, SignalKind.Approve, "cy");
        Assert.IsType<Stage.AwaitingApproval>((await StandAsync(id)).Stage);
        await _world.SignalAsync(id, SignalKind.Reject, "bo");
        Assert.Null((await StandAsync(id)).Failure);
        await _world.SignalAsync(id, SignalKind.Approve, "dora");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Barred_starter_doesNotCount_neitherUnderAnotherSignIn()
    {
        await ReleaseAsync("v1.0.0-base");
        _world.Behave("v1.1.0-mlp", new VersionBehaviour { Accuracy = 0.5 });
        await _world.RunAsync(await UploadAsync("v1.1.0-mlp"));
        _world.Behave("v1.1.0-mlp", new VersionBehaviour());
        await SetApprovalAsync("{ required: 1, barred: [starter] }");
        await PersonAsync("ada", ["ada-laptop"]);
        var started = Assert.IsType<StartedRelease.Started>(await _world.Get<StartRelease>().StartAsync(ModelName.Parse("digits"), VersionName.Parse("v1.1.0-mlp"), "ada", Cancel));
        await _world.RunAsync(started.Id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.SignalAsync(started.Id, SignalKind.Approve, "ada-laptop");
        await _world.SignalAsync(started.Id, SignalKind.Approve, "cy");

        Assert.Equal(["cy"], (await StandAsync(started.Id)).Approvals.Select(a => a.By));
        Assert.Contains(await EventsAsync(started.Id), e => e.Kind == "signalIgnored" && e.Message.Contains("bars who started", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Approvals_ofAnEvaluationThatIsMadeAgain_lapseAndThatIsSaid()
    {
        await ReleaseAsync("v1.0.0-base");
        var first = await UploadAsync("v1.1.0-mlp");
        await _world.RunAsync(first, s => s.Stage is Stage.Ramping { Step: 0, Phase: RampPhase.Baking });
        var second = await UploadAsync("v1.2.0-large");
        var approved = await _world.RunAsync(second, s => s.Stage is Stage.AwaitingTurn { Reason: not "its turn" });
        var seen = approved.Asked!.Evidence;
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(first)).Outcome);

        var again = await _world.RunAsync(second, s => s.Stage is Stage.AwaitingApproval, approve: false);
        Assert.NotEqual(seen, again.Asked!.Evidence);
        Assert.Empty(again.Approvals);
        Assert.Contains(await EventsAsync(second), e => e.Kind == "approvalsLapsed" && e.Message.Contains("bo, cy", StringComparison.Ordinal));

        await SendAsync(second, "dora", seen);
        Assert.Empty((await StandAsync(second)).Approvals);
        await SendAsync(second, "eve", again.Asked.Evidence);
        Assert.Equal(["eve"], (await StandAsync(second)).Approvals.Select(a => a.By));
    }

    [Fact]
    public async Task Waiting_remindsThenEscalates_andOnlyThenOthersMayApprove()
    {
        await SetApprovalAsync("{ required: 1, from: [dora, bo], remindEvery: 10m, escalateAfter: 25m, escalateTo: ['group:heads'], expiresAfter: 1h }");
        await PersonAsync("fay", groups: ["heads"]);
        var id = await UploadAsync("v1.0.0-base");
        var asked = (await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false)).Asked!;
        await _world.SignalAsync(id, SignalKind.Approve, "fay");
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        await _world.RunAsync(id, s => s.Asked!.Demands[0].IsEscalated, approve: false);
        Assert.Equal(TimeSpan.FromMinutes(25), _world.Time.GetUtcNow() - asked.AskedAt);
        Assert.Equal(2, (await EventsAsync(id)).Count(e => e.Kind == "approvalReminded"));

        await _world.SignalAsync(id, SignalKind.Approve, "fay");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Waiting_onAfterTheTimeIsOver_saysSoOnceAndTakesAnApproval()
    {
        await SetApprovalAsync("{ required: 1, whenExpired: wait, expiresAfter: 10m }");
        var id = await UploadAsync("v1.0.0-base");
        var asked = (await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false)).Asked!;
        await _world.RunAsync(id, _ => _world.Time.GetUtcNow() >= asked.AskedAt + TimeSpan.FromDays(2), approve: false);
        Assert.Single(await EventsAsync(id), e => e.Kind == "approvalOverdue");

        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        await _world.SignalAsync(id, SignalKind.Approve, "cy");
        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Approval_givenInTime_countsHoweverLateItIsTakenIn()
    {
        await SetApprovalAsync("{ required: 1, expiresAfter: 10m }");
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        await _world.SignalAsync(id, SignalKind.Approve, "cy");
        _world.Time.Advance(TimeSpan.FromDays(1));

        Assert.Equal(Outcome.Stable, (await _world.RunAsync(id, approve: false)).Outcome);
    }

    [Fact]
    public async Task Approval_givenTooLate_doesNotCount()
    {
        await SetApprovalAsync("{ required: 1, expiresAfter: 10m }");
        var id = await UploadAsync("v1.0.0-base");
        await _world.RunAsync(id, s => s.Stage is Stage.AwaitingApproval, approve: false);
        _world.Time.Advance(TimeSpan.FromMinutes(10));
        await _world.SignalAsync(id, SignalKind.Approve, "bo");
        await _world.SignalAsync(id, SignalKind.Approve, "cy");
        var state = await _world.RunAsync(id, approve: false);

        Assert.Equal((Outcome.Rejected, "expiry"), (state.Outcome, state.Failure!.By));
    }

    [Fact]
    public async Task Person_cannotHaveAnothersIdentity()
    {
        await PersonAsync("ada", ["ada-laptop"]);
        var taken = Assert.IsType<SetPerson.Taken>(await _world.Get<ManagePeople>().SetAsync("bo", ["ada-laptop"], [], Admin, Cancel));
        Assert.Equal(("ada-laptop", "ada"), (taken.Identity, taken.Owner));
        Assert.IsType<SetPerson.Taken>(await _world.Get<ManagePeople>().SetAsync("ada-laptop", [], [], Admin, Cancel));
        Assert.Null(await _world.Get<ManagePeople>().RemoveAsync("bo", null, Admin, Cancel));
    }

    private static Func<ReleaseState, bool> IsAsked(string before) => s => s is { Stage: Stage.Ramping { Phase: RampPhase.AwaitingApproval }, Asked: { } asked } && asked.Before == before;

    private async Task<ReleaseState> StandAsync(ReleaseId id) => (await _world.Engine.AdvanceAsync(id, Cancel))!.Snapshot.State;

    private async Task SetApprovalAsync(string approval, string rest = "") =>
        await _world.SetPolicyAsync(SimulatedWorld.Policy.Replace("approval: { required: 1, expiresAfter: 1h }", $"approval: {approval}", StringComparison.Ordinal) + "\n" + rest);

    private async Task PersonAsync(string name, IReadOnlyList<string>? identities = null, IReadOnlyList<string>? groups = null) =>
        Assert.IsType<SetPerson.Done>(await _world.Get<ManagePeople>().SetAsync(name, identities ?? [], groups ?? [], Admin, Cancel));

    private Task<AddSignal> SendAsync(ReleaseId id, string by, Sha256Digest evidence) => _world.Get<ReleaseSignals>().SendAsync(
        id, new Signal { Id = $"approve-{by}-{evidence.Hex[..8]}", Kind = SignalKind.Approve, By = by, At = _world.Time.GetUtcNow(), Evidence = evidence }, Cancel);

    private async Task<IReadOnlyList<ReleaseEvent>> EventsAsync(ReleaseId id) => await _world.Get<IReleaseStore>().ReadEventsAsync(id, 0, Cancel).ToListAsync(Cancel);

    private async Task<int> WeightAsync() => (await _world.Get<IRouteStore>().GetAsync(ModelName.Parse("digits"), Cancel))!.Route.Candidates.Single().Weight.BasisPoints;

    private async Task<ReleaseId> UploadAsync(string version) =>
        await _world.UploadAsync(_stores.PutIncomingAsync, "digits", version) ?? throw new InvalidOperationException($"{version} was not taken in.");

    private async Task ReleaseAsync(string version) => Assert.Equal(Outcome.Stable, (await _world.RunAsync(await UploadAsync(version))).Outcome);
}
