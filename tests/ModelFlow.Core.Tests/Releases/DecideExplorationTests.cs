using ModelFlow.Core.Analysis;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Tests.Releases;

/// <summary>
/// Walks every state that a release can reach, whatever its commands answer, whichever signals arrive and whenever, and checks on
/// each move what must never be broken. Two states are the same when they differ only in how long ago things were, in counters and
/// in the texts of events.
/// </summary>
public sealed class DecideExplorationTests(ITestOutputHelper output)
{
    private static readonly Signal[] AllSignals =
    [
        Examples.Signal(SignalKind.Approve, "bo"),
        Examples.Signal(SignalKind.Approve, "cy"),
        Examples.Signal(SignalKind.Approve, "ada"),
        Examples.Signal(SignalKind.Withdraw, "bo"),
        Examples.Signal(SignalKind.Withdraw, "cy"),
        Examples.Signal(SignalKind.Reject),
        Examples.Signal(SignalKind.Pause),
        Examples.Signal(SignalKind.Resume),
        Examples.Signal(SignalKind.Promote),
        Examples.Signal(SignalKind.Abort),
        Examples.Signal(SignalKind.RolledBack),
        Examples.Signal(SignalKind.Supersede),
        Examples.Signal(SignalKind.Revoked),
    ];

    public static TheoryData<string> Worlds => ["known uploader", "unknown uploader", "first version", "cut-over", "no approval", "approvals in the ramp", "inconclusive: roll back", "inconclusive: go on", "shadow", "shadow, inconclusive: roll back", "experiment"];

    [Theory]
    [MemberData(nameof(Worlds))]
    [Trait("Speed", "Slow")]
    public void Decide_everyReachableState_keepsItsPromises(string world)
    {
        var uploader = world == "unknown uploader" ? null : "ada";
        var policy = world switch
        {
            "cut-over" => Examples.Policy with { Signature = new SignaturePolicy { Breaking = BreakingSignatureRule.CutOver } },
            "no approval" => Examples.Policy with { Approval = Examples.Policy.Approval with { Required = 0 } },
            "approvals in the ramp" => Examples.Policy with { FurtherApprovals = [Cy(ApprovalPoint.Of(Weight.All)), Cy(ApprovalPoint.Promotion), Cy(ApprovalPoint.BreakingSignature)] },
            "experiment" => ExperimentStepTests.Policy(new ExperimentPolicy { MinimumEffect = 0.1, Longest = TimeSpan.FromSeconds(30), WhenNoDifference = NoDifferenceRule.Hold }),
            "inconclusive: roll back" => Examples.Policy with { Ramp = Examples.Policy.Ramp with { WhenInconclusive = InconclusiveRule.Rollback } },
            "shadow" => Examples.Policy with { Ramp = Examples.Policy.Ramp with { Shadow = Examples.Shadow } },
            "shadow, inconclusive: roll back" => Examples.Policy with { Ramp = Examples.Policy.Ramp with { Shadow = Examples.Shadow, WhenInconclusive = InconclusiveRule.Rollback } },
            "inconclusive: go on" => Examples.Policy with { Ramp = Examples.Policy.Ramp with { WhenInconclusive = InconclusiveRule.Continue } },
            _ => Examples.Policy,
        };
        // A signal that arrives together with a result is tried in one world: it doubles the moves and depends on the policy in nothing.
        var explorer = new Explorer(policy, uploader, firstVersion: world == "first version", pairs: world == "known uploader");
        explorer.Explore(Examples.NewRelease(uploader));
        output.WriteLine($"{world}: {explorer.States} states, {explorer.Moves} moves, stages {string.Join(", ", explorer.StagesSeen.Order(StringComparer.Ordinal))}");
        Assert.Superset(explorer.StagesExpected, explorer.StagesSeen);
        Assert.Superset(explorer.OutcomesExpected, explorer.OutcomesSeen);
        Assert.Equal(explorer.States, explorer.CountThatCanEnd());
    }

    private static ApprovalRule Cy(ApprovalPoint before) => new() { Before = before, From = ["cy"], ExpiresAfter = TimeSpan.FromSeconds(30) };

    /// <summary>What has truly happened, told by the answers that were given, not by the state under test.</summary>
    private sealed record Truth(bool Smoke, bool Gates, bool Approved, bool Convicted, int Step, bool Shadowed = false, bool ByCy = false);

    private sealed record Node(ReleaseState State, Truth Truth, DateTimeOffset Now, NextStep? Next);

    private sealed class Explorer(Policy policy, string? uploader, bool firstVersion, bool pairs)
    {
        private readonly Dictionary<string, int> _ids = new(StringComparer.Ordinal);
        private readonly List<List<int>> _predecessors = [];
        private readonly List<int> _ends = [];
        private readonly Queue<(int Id, Node Node)> _open = new();

        public int States => _ids.Count;

        public long Moves { get; private set; }

        public HashSet<string> StagesSeen { get; } = new(StringComparer.Ordinal);

        public HashSet<Outcome> OutcomesSeen { get; } = [];

        public HashSet<string> StagesExpected { get; } = new(
            ["registering", "inspecting", "smokeTesting", "evaluating", "awaitingTurn", "loading", "promoting", "withdrawing", "closing", "ended"],
            StringComparer.Ordinal);

        public HashSet<Outcome> OutcomesExpected { get; } = [Outcome.Stable, Outcome.Rejected, Outcome.RolledBack, Outcome.Aborted, Outcome.Superseded, Outcome.Failed];

        public void Explore(ReleaseState start)
        {
            if (policy.Approval.Required > 0)
            {
                StagesExpected.Add("awaitingApproval");
            }

            if (!firstVersion)
            {
                StagesExpected.Add("ramping");
            }

            if (policy.Ramp.Shadow is not null)
            {
                StagesExpected.Add("shadowing");
            }

            Visit(from: null, new Node(start, new Truth(false, false, false, false, -1), Examples.Noon, null));
            while (_open.TryDequeue(out var item))
            {
                foreach (var (facts, at) in Inputs(item.Node))
                {
                    Move(item.Id, item.Node, facts, at);
                }
            }
        }

        public int CountThatCanEnd()
        {
            var seen = new HashSet<int>(_ends);
            var open = new Queue<int>(_ends);
            while (open.TryDequeue(out var id))
            {
                foreach (var before in _predecessors[id].Where(seen.Add))
                {
                    open.Enqueue(before);
                }
            }

            return seen.Count;
        }

        private void Move(int from, Node node, Facts facts, DateTimeOffset at)
        {
            Moves++;
            var decision = ReleaseDecider.Decide(node.State, facts, at);
            var truth = Learn(node, facts, decision);
            Check(node, decision, truth, at);

            // After the second fault in a row come the last ones: those between bring nothing new.
            var state = decision.State.Retries is >= 2 ? decision.State with { Retries = ReleaseDecider.MaxRetries } : decision.State;
            Visit(from, new Node(state, truth, at, decision.Next));
        }

        private void Visit(int? from, Node node)
        {
            var key = Key(node);
            if (!_ids.TryGetValue(key, out var id))
            {
                id = _ids.Count;
                _ids.Add(key, id);
                _predecessors.Add([]);
                StagesSeen.Add(node.State.Stage.Name);
                if (node.State.Outcome is { } outcome)
                {
                    OutcomesSeen.Add(outcome);
                    _ends.Add(id);
                }

                _open.Enqueue((id, node));
            }

            if (from is { } f && f != id)
            {
                _predecessors[id].Add(f);
            }
        }

        private IEnumerable<(Facts Facts, DateTimeOffset At)> Inputs(Node node)
        {
            var bare = new Facts { Policy = policy };
            if (node.Next is null)
            {
                yield return (bare, node.Now);
                yield break;
            }

            if (node.State.Pending is { } pending)
            {
                foreach (var result in Results(pending.Command))
                {
                    yield return (bare with { Result = result }, node.Now);
                    foreach (var signal in pairs ? AllSignals : [])
                    {
                        yield return (bare with { Result = result, Signals = [signal with { At = node.Now.AddSeconds(-1) }] }, node.Now);
                    }
                }
            }

            foreach (var signal in AllSignals)
            {
                yield return (bare with { Signals = [signal with { At = node.Now }] }, node.Now);
            }

            if (node.Next is NextStep.WaitUntil wait)
            {
                yield return (bare, wait.Due);
            }
        }

        private IEnumerable<CommandResult> Results(Command command)
        {
            VersionName? baseline = firstVersion ? null : Examples.Stable;
            yield return new CommandResult.Faulted("the storage is away");
            switch (command)
            {
                case Command.RegisterVersion:
                    yield return new CommandResult.Registered(Sha256Digest.Of("artifact"), uploader);
                    yield return new CommandResult.Refused("digest", "differs");
                    break;
                case Command.InspectVersion:
                    yield return new CommandResult.Inspected(baseline, BreakingSignature: false, "fine");
                    yield return new CommandResult.Inspected(baseline, BreakingSignature: !firstVersion, "inputs differ");
                    yield return new CommandResult.Refused("inspection", "truncated");
                    break;
                case Command.SmokeTestVersion:
                    yield return new CommandResult.SmokeTested("fine");
                    yield return new CommandResult.Refused("smoke", "NaN");
                    break;
                case Command.EvaluateVersion:
                    yield return new CommandResult.Evaluated(Sha256Digest.Of("report"), [Examples.Gate(true)], "good");
                    yield return new CommandResult.Evaluated(Sha256Digest.Of("report"), [Examples.Gate(true), Examples.Gate(false)], "bad");
                    yield return new CommandResult.Refused("evaluation", "crashed");
                    break;
                case Command.TakeTurn:
                    yield return new CommandResult.TurnTaken(baseline, firstVersion ? 0 : 5);
                    yield return new CommandResult.TurnTaken(VersionName.Parse("v1.0.5-other"), 7);
                    yield return new CommandResult.TurnBusy("another release has the turn");
                    break;
                case Command.LoadVersion:
                    yield return new CommandResult.Loaded(TimeSpan.FromSeconds(1));
                    yield return new CommandResult.Refused("load", "no memory");
                    break;
                case Command.ShadowTraffic shadow:
                    yield return new CommandResult.TrafficShifted(shadow.AfterGeneration + 1);
                    yield return new CommandResult.Fenced(shadow.AfterGeneration + 3, "rollback:1");
                    yield return new CommandResult.TurnBusy("frozen");
                    yield return new CommandResult.Refused("revoked", "revoked");
                    break;
                case Command.LookAtShadow look:
                    foreach (var looked in Looks(look.Generation))
                    {
                        yield return looked;
                    }

                    break;
                case Command.ShiftTraffic shift:
                    yield return new CommandResult.TrafficShifted(shift.AfterGeneration + 1);
                    yield return new CommandResult.Fenced(shift.AfterGeneration + 3, "rollback:1");
                    yield return new CommandResult.TurnBusy("frozen");
                    yield return new CommandResult.Refused("revoked", "revoked");
                    break;
                case Command.LookAtTraffic look:
                    foreach (var looked in Looks(look.Generation))
                    {
                        yield return looked;
                    }

                    if (policy.Ramp.Steps[look.Step].Experiment is not null)
                    {
                        foreach (var verdict in ExperimentStepTests.Verdicts)
                        {
                            yield return new CommandResult.Looked(Examples.Report(Verdict.Healthy), look.Generation, LeaseRenewed: true, Freeze: null, ExperimentStepTests.Evidence(verdict.Data));
                        }
                    }

                    break;
                case Command.PromoteVersion promote:
                    yield return new CommandResult.Promoted(promote.AfterGeneration + 1);
                    yield return new CommandResult.Fenced(promote.AfterGeneration + 2, "rollback:1");
                    yield return new CommandResult.TurnBusy("frozen");
                    yield return new CommandResult.Refused("revoked", "revoked");
                    break;
                case Command.RestoreTraffic restore:
                    yield return new CommandResult.TrafficRestored(restore.AfterGeneration + 1);
                    break;
                case Command.CloseRelease:
                    yield return new CommandResult.Closed();
                    break;
            }
        }

        private static IEnumerable<CommandResult> Looks(long generation)
        {
            foreach (var verdict in Enum.GetValues<Verdict>())
            {
                yield return new CommandResult.Looked(Examples.Report(verdict), generation, LeaseRenewed: true, Freeze: null);
            }

            yield return new CommandResult.Looked(Examples.Report(Verdict.Inconclusive), generation, LeaseRenewed: false, Freeze: null);
            yield return new CommandResult.Looked(Examples.Report(Verdict.Healthy), generation, LeaseRenewed: true, Freeze: "frozen");
            yield return new CommandResult.Looked(Examples.Report(Verdict.Inconclusive), generation + 1, LeaseRenewed: false, Freeze: null);
        }

        private Truth Learn(Node node, Facts facts, Decision decision)
        {
            var truth = facts.Result switch
            {
                CommandResult.Inspected => node.Truth with { Smoke = false, Gates = false, Approved = false },
                CommandResult.SmokeTested => node.Truth with { Smoke = true },
                CommandResult.Evaluated e => node.Truth with { Gates = e.Gates.All(g => g.Passed) },
                CommandResult.Looked { Report.Verdict: Verdict.Harmful } => node.Truth with { Convicted = true },
                CommandResult.TrafficShifted when node.State.Pending is { Command: Command.ShadowTraffic } => node.Truth with { Shadowed = true },
                CommandResult.TrafficShifted when node.State.Pending is { Command: Command.ShiftTraffic s } => node.Truth with { Step = s.Step },
                CommandResult.Fenced => node.Truth with { Convicted = true },
                CommandResult.Refused => node.Truth with { Convicted = true },
                _ => node.Truth,
            };
            // Only one world asks for it: elsewhere it would multiply the states for nothing. An approval of the same evidence stays one when it is asked for again.
            foreach (var e in policy.FurtherApprovals.Count > 0 ? decision.Events : [])
            {
                truth = truth with { ByCy = e.Kind switch { "approvalAsked" => truth.ByCy && node.State.Asked?.Evidence == decision.State.Asked?.Evidence, "approved" when e.By == "cy" => true, "approvalWithdrawn" when e.By == "cy" => false, _ => truth.ByCy } };
            }

            var left = node.State.Stage is Stage.AwaitingApproval && decision.State.Stage is Stage.AwaitingTurn;
            var people = decision.State.Approvals.Select(a => a.By).Distinct(StringComparer.Ordinal).ToList();
            var required = node.State.Stage is Stage.AwaitingApproval a ? a.Required : int.MaxValue;
            return left && people.Count >= required && people.Exists(p => p != node.State.Uploader) ? truth with { Approved = true } : truth;
        }

        private void Check(Node node, Decision decision, Truth truth, DateTimeOffset at)
        {
            var before = node.State;
            var after = decision.State;

            // Terminal is terminal.
            if (before.Outcome is not null)
            {
                Assert.False(decision.IsChange);
                Assert.Equal(before, after);
                Assert.IsType<NextStep.End>(decision.Next);
                return;
            }

            // Failure latches, and no path after it leads to more traffic.
            if (before.Failure is not null)
            {
                Assert.Equal(before.Failure, after.Failure);
            }

            if (after.Failure is { } failure && after.Outcome is { } outcome)
            {
                Assert.Equal(failure.Outcome, outcome);
            }

            if (truth.Convicted)
            {
                Assert.NotNull(after.Failure);
                Assert.NotEqual(Outcome.Stable, after.Outcome);
            }

            var isNew = after.CommandSeq > before.CommandSeq;
            if (isNew && after.Pending?.Command is Command.ShiftTraffic or Command.PromoteVersion)
            {
                Assert.Null(after.Failure);
                Assert.Null(after.PausedAt);
                Assert.True(truth.Smoke, "traffic without a smoke test");
                Assert.True(truth.Gates, "traffic without gates");
                Assert.True(truth.Approved || policy.Approval.Required == 0, "traffic without approvals");
                Assert.True(after.AskedForTraffic && after.AskedForTurn);
            }

            // What is asked in the ramp is not forgotten where there is none, or where its rest is skipped.
            if (policy.FurtherApprovals.Count > 0 && isNew && after.Pending?.Command is Command.ShiftTraffic { Step: > 0 } or Command.PromoteVersion)
            {
                Assert.True(truth.ByCy, "traffic without the approval that the ramp asks for");
            }

            // Weights rise only in the steps' order.
            if (isNew && after.Pending?.Command is Command.ShiftTraffic shift)
            {
                Assert.InRange(shift.Step, 0, truth.Step + 1);
                Assert.Equal(policy.Ramp.Steps[shift.Step].Weight, shift.Weight);
            }

            // No weight before a shadow was watched, and who was convicted in it never had traffic.
            if (policy.Ramp.Shadow is not null && isNew && after.Pending?.Command is Command.ShiftTraffic or Command.PromoteVersion)
            {
                Assert.True(truth.Shadowed || firstVersion || after.BreakingSignature, "traffic without a shadow");
            }

            if (after.Failure is { By: "shadow" })
            {
                Assert.Equal((Outcome.Rejected, -1), (after.Failure.Outcome, truth.Step));
            }

            // Every wait has a due time that lies ahead; a decision ends in a command, a wait or the end.
            switch (decision.Next)
            {
                case NextStep.WaitUntil wait:
                    Assert.InRange(wait.Due, at + TimeSpan.FromMilliseconds(1), at + TimeSpan.FromDays(30));
                    Assert.Null(after.Pending);
                    break;
                case NextStep.Run run:
                    Assert.Equal(after.Pending, run.Pending);
                    break;
                case NextStep.End:
                    Assert.NotNull(after.Outcome);
                    break;
            }

            // What has traffic ends without it: no end without success before traffic was restored.
            if (after.Outcome is not null and not Outcome.Stable && before.AskedForTraffic)
            {
                Assert.True(before.Stage is Stage.Closing);
            }

            // What runs in a ramp ends with it.
            Assert.True(after.Stage is Stage.Ramping || after.Experiments.All(e => e.Verdict != ExperimentVerdict.Running));

            // The events follow each other.
            var hash = before.EventHash;
            var seq = before.EventCount;
            foreach (var e in decision.Events)
            {
                Assert.Equal(++seq, e.Seq);
                Assert.Equal(hash, e.PreviousHash);
                hash = e.Hash;
            }

            Assert.Equal((seq, hash), (after.EventCount, after.EventHash));
            Assert.Equal(decision.IsChange, !after.Equals(before) || decision.ConsumedSignals.Count > 0);
        }

        private static string Key(Node node)
        {
            var s = node.State;
            string Ago(DateTimeOffset? t) => t is { } time ? Math.Clamp((time - node.Now).TotalSeconds, -25, 7200).ToString("0") : "-";
            var stage = s.Stage switch
            {
                Stage.AwaitingApproval a => $"approval {a.Required} {Ago(a.ExpiresAt)}",
                Stage.AwaitingTurn t => $"turn {t.Reason} {Ago(t.NextTryAt)}",
                Stage.Shadowing r => $"shadow {r.Phase} {Ago(r.BakeUntil)} {Ago(r.NextLookAt)}",
                Stage.Ramping r => Ramp(r),
                Stage.Promoting p => $"promoting {p.InDoubt} {(p.From is { } r ? Ramp(r) : "")}",
                Stage.Closing c => $"closing {c.Outcome}",
                Stage.Ended e => $"ended {e.Outcome}",
                var other => other.Name,
            };
            string Ramp(Stage.Ramping r) => $"ramp {r.Step} {r.Phase} {Ago(r.BakeUntil)} {Ago(r.NextLookAt)}";
            var isEnding = s.Stage is Stage.Withdrawing or Stage.Closing or Stage.Ended;
            return string.Join(
                '|',
                stage,

                // What only some stages read is told apart only there.
                isEnding ? "" : $"{s.Uploader} {s.Baseline} {s.BreakingSignature}",
                isEnding || s.Asked is null ? "" : $"{s.Asked.Before} {s.Asked.Then} {(s.OpenRequest is null ? $"{s.Asked.Demands[0].ExpiresAt > node.Now}" : Ago(s.Asked.Demands[0].ExpiresAt))} {string.Join(',', s.Approvals.Where(a => a.Evidence == s.Asked.Evidence).Select(a => a.By))}",
                s.Stage is Stage.Ramping or Stage.Shadowing ? $"{s.LastLook?.Verdict} {s.LeaseHeld} {s.PreviousStep is not null} {Ago(s.PausedAt)}" : "",
                isEnding ? "" : $"{s.PausedAt is not null}",
                isEnding ? "" : $"{(s.Experiments is [.., { } experiment] ? experiment.Verdict : null)}",
                s.Failure?.Outcome,
                s.Failure?.By,
                s.Pending?.Command.GetType().Name,
                s.Retries,
                Ago(s.NotBefore),
                s.AskedForTraffic,
                s.AskedForTurn,
                node.Truth,
                node.Next?.GetType().Name);
        }
    }
}
