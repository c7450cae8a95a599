using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Analysis.Replay;

public sealed class RampReplayTests
{
    private static readonly DateTimeOffset Start = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Policy Policy = Parsed();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Looks_ofSeveralGatewaysWithLateAndRepeatedWindows_areComputedAgainExactly(int seed)
    {
        var ramp = Play(seed, gateways: 3);

        var replay = new RampReplay(Policy, TrafficSimulation.Candidate, attempt: 2);
        foreach (var (step, reports) in ramp)
        {
            var replayed = replay.Play(step);

            Assert.True(replayed.Exact);
            Assert.False(replayed.IsIncomplete);
            Assert.Equal(reports.Select(r => Json(r.Report)), replayed.Looks.Select(l => Json(l.Report)));
            Assert.Equal(reports.Select(r => r.At), replayed.Looks.Select(l => l.At));
        }
    }

    [Fact]
    public void Step_whoseWindowsAreGone_isNotTakenForWhatItWas()
    {
        var (step, _) = Play(seed: 1, gateways: 2)[0];

        var replayed = new RampReplay(Policy, TrafficSimulation.Candidate, 1).Play(step with { Windows = [.. step.Windows.Skip(1)] });

        Assert.True(replayed.IsIncomplete);
        Assert.False(replayed.Exact);
        Assert.Equal(replayed.Expected - 1, replayed.Found);
    }

    [Fact]
    public void Step_withoutALog_isComputedAtAboutItsLooks()
    {
        var (step, reports) = Play(seed: 1, gateways: 1)[0];

        var replayed = new RampReplay(Policy, TrafficSimulation.Candidate, 2).Play(step with { Looks = null });

        Assert.False(replayed.Exact);
        Assert.False(replayed.IsIncomplete);
        Assert.Null(replayed.Expected);
        Assert.Equal(reports[^1].Report.CandidateRequests, replayed.Looks[^1].Report.CandidateRequests);
        Assert.All(replayed.Looks, l => Assert.InRange(l.At, step.From, step.To!.Value));
    }

    [Fact]
    public void Log_isBounded_andSaysThatItWasCutOff()
    {
        var evidence = RampEvidence.None.BeginStep(Policy.Guardrails, 1, 4, alone: false);
        var number = 0L;
        for (var look = 0; !evidence.Looks[^1].CutOff; look++)
        {
            Assert.True(look < StepLooks.MostCharacters);
            evidence = evidence.Take(Policy.Guardrails, [Empty(1, number += 1_000_000_000_000)], TrafficSimulation.Stable, TrafficSimulation.Candidate, 4, Start.AddSeconds(look));
        }

        var cut = evidence.BeginStep(Policy.Guardrails, 2, 4, alone: false)
            .Take(Policy.Guardrails, [Empty(2, number + 1)], TrafficSimulation.Stable, TrafficSimulation.Candidate, 4, Start);

        Assert.InRange(cut.Looks.Sum(l => l.Log.Length), StepLooks.MostCharacters - 100, StepLooks.MostCharacters);
        Assert.True(cut.Looks[^1].CutOff);
        Assert.Equal(0, cut.Looks[^1].Count);
    }

    private static TrafficWindow Empty(long generation, long number) => new()
    {
        Gateway = "g", Model = ModelName.Parse("digits"), Generation = generation, Start = Start, Length = TimeSpan.FromSeconds(1), Number = number, Leased = true,
    };

    // A ramp of three steps, whose looks read and keep evidence as those of a release do.
    private static List<(RecordedStep Step, List<ReplayedLook> Looks)> Play(int seed, int gateways)
    {
        var random = new Random(seed);
        var evidence = RampEvidence.None;
        var (at, steps) = (Start, new List<(RecordedStep, List<ReplayedLook>)>());
        foreach (var (index, weight) in new[] { 1_000, 5_000, 10_000 }.Index())
        {
            var (from, generation) = (at, index + 7L);
            var stored = new List<TrafficWindow>();
            var traffic = new TrafficSimulation(seed + index, weight / 10_000.0) { CandidateBehaviour = new(ErrorRate: 0.03, MedianMs: 6) };
            evidence = evidence.BeginStep(Policy.Guardrails, generation, 3, weight == 10_000);
            var (arrived, looks) = (new List<TrafficWindow>(), new List<ReplayedLook>());
            for (var look = 0; look < 12; look++)
            {
                at += TimeSpan.FromMilliseconds(4_900 + random.Next(300));
                for (var g = 0; g < gateways; g++)
                {
                    // A gateway may be silent for a while and bring what it has later; each counts with its own clock.
                    for (var n = 0; random.Next(4) > 0 && n < 5; n++)
                    {
                        traffic.Send(30);
                        var window = traffic.Window(generation) with { Gateway = $"g{(g * 7) % 5}", Start = at.AddSeconds(n - 5 - (g * 20)), Leased = random.Next(10) > 0 };
                        (window.Number % 3 == 0 ? stored : arrived).Add(window);
                    }
                }

                stored.AddRange(arrived);
                arrived.Clear();
                var before = evidence;
                evidence = JsonSerializer.Deserialize<RampEvidence>(
                    Json(evidence.Take(Policy.Guardrails, stored.OrderBy(_ => random.Next()), TrafficSimulation.Stable, TrafficSimulation.Candidate, 3, at)), CoreJson.Options)!;
                if (evidence.Looks[^1].Count > before.Looks[^1].Count)
                {
                    looks.Add(new ReplayedLook(at, GuardrailJudge.Judge(Policy.Guardrails, evidence, 3, new Weight(weight), attempt: 2)));
                }
            }

            steps.Add((new RecordedStep { Step = index, Weight = new Weight(weight), Generation = generation, From = from, To = at, Stable = TrafficSimulation.Stable, Windows = stored }, looks));
        }

        return [.. steps.Select(s => (s.Item1 with { Looks = evidence.Looks.Single(l => l.Generation == s.Item1.Generation) }, s.Item2))];
    }

    private static string Json<T>(T value) => JsonSerializer.Serialize(value, CoreJson.Options);

    private static Policy Parsed() => Assert.IsType<ParsePolicy.Parsed>(PolicyReader.Read("""
        smoke:
          dataset: { path: digits/golden.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000001 }
        evaluation:
          dataset: { path: digits/eval.jsonl, sha256: 0000000000000000000000000000000000000000000000000000000000000002 }
        ramp:
          steps: [ { weight: 10%, bake: 1m }, { weight: 50%, bake: 1m }, { weight: 100%, bake: 1m } ]
          lookEvery: 5s
        guardrails: { errorRateIncrease: 0.05, latencyP50Ratio: 1.5, latencyP95Ratio: 1.5, feedbackDrop: 0.1 }
        """)).Policy;
}
