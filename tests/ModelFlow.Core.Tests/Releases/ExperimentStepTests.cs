using ModelFlow.Core.Analysis;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Tests.Releases;

public sealed class ExperimentStepTests
{
    private static readonly ExperimentPolicy Experiment = new() { MinimumEffect = 0.1, Longest = TimeSpan.FromSeconds(60) };
    private DateTimeOffset _now = Examples.Noon;
    private int _signals;

    public static TheoryData<ExperimentVerdict> Verdicts => [ExperimentVerdict.Winner, ExperimentVerdict.Loser, ExperimentVerdict.NoDifference];

    [Fact]
    public void Step_withAnExperiment_saysThatItBegins()
    {
        var (state, events) = Begin(Policy());
        Assert.Contains(events, e => e.Kind == "experimentBegun");
        Assert.Equal(ExperimentVerdict.Running, Assert.Single(state.Experiments).Verdict);
    }

    [Fact]
    public void Step_withoutOne_hasNone() => Assert.Empty(Begin(Examples.Policy).State.Experiments);

    [Theory]
    [MemberData(nameof(Verdicts))]
    public void Look_thatEstablishesSomething_isKeptWithItsNumbers_andActsByThePolicy(ExperimentVerdict verdict)
    {
        var policy = Policy();
        var (state, _) = Begin(policy);
        var decision = Look(state, policy, Evidence(verdict));
        Assert.Equal(verdict, decision.State.Experiments.Single().Verdict);
        var decided = decision.Events.Single(e => e.Kind == "experimentDecided");
        Assert.NotNull(decided.Data!["interval"]);
        if (verdict == ExperimentVerdict.Loser)
        {
            Assert.Equal(("experiment", Outcome.RolledBack), (decision.State.Failure!.By, decision.State.Failure.Outcome));
            return;
        }

        // Bake time is over after the second look.
        decision = Look(decision.State, policy, Evidence(verdict));
        Assert.Equal(1, Assert.IsType<Command.ShiftTraffic>(decision.State.Pending!.Command).Step);
    }

    [Theory]
    [InlineData(NoDifferenceRule.Rollback)]
    [InlineData(NoDifferenceRule.Hold)]
    public void NoDifference_otherRules_rollBackOrHold(NoDifferenceRule rule)
    {
        var policy = Policy(Experiment with { WhenNoDifference = rule });
        var state = Look(Look(Begin(policy).State, policy, Evidence(ExperimentVerdict.NoDifference)).State, policy, Evidence(ExperimentVerdict.NoDifference)).State;
        if (rule == NoDifferenceRule.Hold)
        {
            Assert.Equal(RampPhase.Holding, Assert.IsType<Stage.Ramping>(state.Stage).Phase);
        }
        else
        {
            Assert.Equal("experiment", state.Failure!.By);
        }
    }

    [Theory]
    [InlineData(InconclusiveRule.Hold)]
    [InlineData(InconclusiveRule.Rollback)]
    [InlineData(InconclusiveRule.Continue)]
    public void Experiment_withoutFeedback_keepsItsStepToItsEnd_andIsInconclusiveThen(InconclusiveRule rule)
    {
        var policy = Policy() with { Ramp = Policy().Ramp with { WhenInconclusive = rule } };
        var state = Begin(policy).State;
        for (var i = 0; i < 5; i++)
        {
            state = Look(state, policy, null).State;
            Assert.Equal(ExperimentVerdict.Running, state.Experiments.Single().Verdict);
            Assert.Equal(0, Assert.IsType<Stage.Ramping>(state.Stage).Step);
        }

        state = Look(state, policy, null).State;
        Assert.Equal(ExperimentVerdict.Inconclusive, state.Experiments.Single().Verdict);
        switch (rule)
        {
            case InconclusiveRule.Hold:
                Assert.Equal(RampPhase.Holding, Assert.IsType<Stage.Ramping>(state.Stage).Phase);
                break;
            case InconclusiveRule.Rollback:
                Assert.Equal("experiment", state.Failure!.By);
                break;
            default:
                Assert.IsType<Command.ShiftTraffic>(state.Pending!.Command);
                break;
        }
    }

    [Fact]
    public void Guardrail_thatFindsHarm_endsTheExperimentUndecided()
    {
        var policy = Policy();
        var state = Look(Begin(policy).State, policy, Evidence(ExperimentVerdict.Winner), Verdict.Harmful).State;
        Assert.Equal(("guardrail", ExperimentVerdict.NotDecided), (state.Failure!.By, state.Experiments.Single().Verdict));
    }

    [Fact]
    public void Users_whoDoNotComeAsTheWeightsSay_leaveTheExperimentUndecided()
    {
        var policy = Policy();
        var state = Begin(policy).State;
        var mismatch = new GuardrailReport(Verdict.Inconclusive, [new MetricVerdict("sampleRatio", Verdict.Inconclusive, 0.5, 0.9, 0, "90 % came to the candidate")], 100, 900);
        for (var i = 0; i < 6; i++)
        {
            Assert.Equal(ExperimentVerdict.Running, state.Experiments.Single().Verdict);
            state = Look(state, policy, Evidence(ExperimentVerdict.Loser), mismatch).State;
        }

        Assert.Equal(ExperimentVerdict.Inconclusive, state.Experiments.Single().Verdict);
        Assert.Contains("as the weights say", state.Experiments.Single().Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Winner_whoseGuardrailsAreInconclusive_staysInItsStep()
    {
        var policy = Policy();
        var state = Look(Begin(policy).State, policy, Evidence(ExperimentVerdict.Winner), Verdict.Inconclusive).State;
        state = Look(state, policy, Evidence(ExperimentVerdict.Winner), Verdict.Inconclusive).State;
        Assert.Equal((0, RampPhase.Extending), (Assert.IsType<Stage.Ramping>(state.Stage).Step, ((Stage.Ramping)state.Stage).Phase));
    }

    [Theory]
    [InlineData(SignalKind.Promote)]
    [InlineData(SignalKind.Abort)]
    [InlineData(SignalKind.RolledBack)]
    [InlineData(SignalKind.Supersede)]
    [InlineData(SignalKind.Revoked)]
    public void Signal_thatEndsTheRamp_endsTheExperimentUndecided(SignalKind kind)
    {
        var policy = Policy();
        var decision = Decide(Begin(policy).State, policy, signal: kind);
        var report = decision.State.Experiments.Single();
        Assert.Equal((ExperimentVerdict.NotDecided, _now), (report.Verdict, report.DecidedAt));
        Assert.Single(decision.Events, e => e.Kind == "experimentDecided");
        Assert.Equal(kind == SignalKind.Promote, decision.State.Stage is Stage.Promoting);
    }

    [Fact]
    public void Pause_stopsTheExperimentsClock_notItsLosses()
    {
        var policy = Policy();
        var state = Decide(Begin(policy).State, policy, signal: SignalKind.Pause).State;
        for (var i = 0; i < 12; i++)
        {
            state = Look(state, policy, null).State;
            Assert.Equal(ExperimentVerdict.Running, state.Experiments.Single().Verdict);
        }

        var resumed = Decide(state, policy, signal: SignalKind.Resume).State;
        Assert.Equal(ExperimentVerdict.Running, Look(resumed, policy, null).State.Experiments.Single().Verdict);
        Assert.Equal("experiment", Look(state, policy, Evidence(ExperimentVerdict.Loser)).State.Failure!.By);
        var won = Look(state, policy, Evidence(ExperimentVerdict.Winner)).State;
        Assert.Equal((ExperimentVerdict.Winner, 0), (won.Experiments.Single().Verdict, Assert.IsType<Stage.Ramping>(won.Stage).Step));
    }

    internal static Policy Policy(ExperimentPolicy? experiment = null) => Examples.Policy with
    {
        Ramp = Examples.Policy.Ramp with
        {
            Steps = [new RampStep(new Weight(5_000), TimeSpan.FromSeconds(20)) { Experiment = experiment ?? Experiment }, new RampStep(Weight.All, TimeSpan.FromSeconds(20))],
        },
    };

    /// <summary>A look's evidence that establishes something.</summary>
    internal static RampEvidence Evidence(ExperimentVerdict verdict)
    {
        var outcomes = new OutcomeSums(5_000, 2_500, 2_500);
        var other = verdict switch
        {
            ExperimentVerdict.Winner => new OutcomeSums(5_000, 4_000, 4_000),
            ExperimentVerdict.Loser => new OutcomeSums(5_000, 1_000, 1_000),
            _ => outcomes,
        };
        var experiment = new ExperimentEvidence
        {
            Stable = outcomes,
            Candidate = other,
            StableUsers = 5_000,
            CandidateUsers = 5_000,
            Effect = EffectSequence.None.Take(new OutcomeSums(100, 50, 50), other.Deflate(50)).Take(outcomes, other),
        };
        return RampEvidence.None with { Experiment = experiment };
    }

    private (ReleaseState State, IReadOnlyList<ReleaseEvent> Events) Begin(Policy policy)
    {
        var state = Examples.NewRelease() with
        {
            Stage = new Stage.Ramping(0, RampPhase.Shifting, _now, _now, _now),
            Pending = new PendingCommand(1, new Command.ShiftTraffic(0, policy.Ramp.Steps[0].Weight, 1)),
            CommandSeq = 1,
            AskedForTurn = true,
            AskedForTraffic = true,
            Baseline = Examples.Stable,
            RouteGeneration = 1,
        };
        var decision = Decide(state, policy, new CommandResult.TrafficShifted(2));
        return (decision.State, decision.Events);
    }

    private Decision Look(ReleaseState state, Policy policy, RampEvidence? evidence, Verdict verdict = Verdict.Healthy) => Look(state, policy, evidence, Examples.Report(verdict));

    private Decision Look(ReleaseState state, Policy policy, RampEvidence? evidence, GuardrailReport report)
    {
        _now = ((Stage.Ramping)state.Stage).NextLookAt;
        var asked = Decide(state, policy);
        Assert.IsType<Command.LookAtTraffic>(asked.State.Pending!.Command);
        return Decide(asked.State, policy, new CommandResult.Looked(report, state.RouteGeneration, LeaseRenewed: true, Freeze: null, evidence));
    }

    private Decision Decide(ReleaseState state, Policy policy, CommandResult? result = null, SignalKind? signal = null) => ReleaseDecider.Decide(
        state,
        new Facts { Policy = policy, Result = result, Signals = signal is { } kind ? [Examples.Signal(kind, at: _now, id: $"s{++_signals}")] : [] },
        _now);
}
