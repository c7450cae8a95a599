using System.Text.Json;
using CsCheck;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Analysis;

public sealed class RampEvidenceTests
{
    private static readonly GuardrailPolicy Policy = new();

    [Fact]
    public void Take_sameWindowsAgain_changesNothing()
    {
        var windows = new TrafficSimulation(1, 0.5).Windows(200);
        var once = Take(Begin(), windows);
        Assert.Same(once, Take(once, windows));
        Assert.Equal(200, once.Stable.Requests + once.Candidate.Requests);
        Assert.Equal(Text(once), Text(Take(Begin(), [.. windows, .. windows])));
    }

    [Fact]
    public void Take_windowThatComesAfterALaterOneOfItsGateway_isLeftOut()
    {
        var windows = new TrafficSimulation(2, 0.5).Windows(60);
        var taken = Take(Take(Begin(), [windows[0], windows[2]]), [windows[1]]);
        Assert.Equal(Text(Take(Begin(), [windows[0], windows[2]])), Text(taken));
    }

    [Fact]
    public void Take_gatewaysWithClocksApart_bothCount()
    {
        var a = new TrafficSimulation(3, 0.5).Windows(40);
        var b = new TrafficSimulation(4, 0.5).Windows(40).Select(w => w with { Gateway = "behind", Start = w.Start - TimeSpan.FromMinutes(5) });
        Assert.Equal(80, Requests(Take(Take(Begin(), a), [.. b])));
    }

    [Fact]
    public void Take_windowsOfAnotherGenerationOrWithoutALease_areNoEvidence()
    {
        var bad = new TrafficSimulation(5, 0.5) { CandidateBehaviour = new(1) }.Windows(400);
        Assert.Equal(0, Requests(Take(Begin(), [.. bad.Select(w => w with { Generation = 2 })])));
        Assert.Equal(0, Requests(Take(Begin(), [.. bad.Select(w => w with { Leased = false })])));
    }

    [Fact]
    public void Take_pinnedShadowAndFallback_areLeftOut()
    {
        var window = new TrafficSimulation(6, 0.5).Windows(20)[0];
        var others = Enum.GetValues<TrafficKind>().Where(k => k != TrafficKind.Normal).Select(k => window with { Number = 10 + (int)k, Cells = [.. window.Cells.Select(c => c with { Kind = k })] });
        Assert.Equal(0, Requests(Take(Begin(), [.. others])));
    }

    [Fact]
    public void Take_howeverWindowsAreSpreadOverLooks_totalsAreTheSame()
    {
        var windows = new TrafficSimulation(7, 0.3).Windows(600);
        var whole = Take(Begin(), windows);
        Gen.Int[1, windows.Count - 1].Array[0, 5].Sample(
            cuts =>
            {
                var evidence = Begin();
                var from = 0;
                foreach (var cut in cuts.Order().Append(windows.Count))
                {
                    evidence = Take(evidence, [.. windows.Skip(from).Take(Math.Max(0, cut - from))]);
                    from = Math.Max(from, cut);
                }

                Assert.Equal((whole.Stable.Requests, whole.Candidate.Errors, whole.Stable.Latency), (evidence.Stable.Requests, evidence.Candidate.Errors, evidence.Stable.Latency));
            },
            iter: 50);
    }

    [Fact]
    public void Evidence_storedAndReadAgain_goesOnTheSame()
    {
        var windows = new TrafficSimulation(8, 0.5).Windows(800);
        var evidence = Take(Begin(), [.. windows.Take(20)]).BeginStep(Policy, 1, 4, alone: false);
        var again = JsonSerializer.Deserialize<RampEvidence>(Text(evidence), CoreJson.Options)!;
        Assert.Equal(Text(Take(evidence, windows)), Text(Take(again, windows)));
        Assert.InRange(Text(evidence).Length, 1, 20_000);
    }

    [Fact]
    public void ReadFrom_gatewayThatWentAway_isNotWaitedForForEver()
    {
        var start = DateTimeOffset.UnixEpoch;
        var windows = new TrafficSimulation(9, 0.5).Windows(40);
        var evidence = Begin().Take(Policy, [windows[0] with { Gateway = "gone" }], TrafficSimulation.Stable, TrafficSimulation.Candidate, 4, start);
        var later = start.AddHours(1);
        evidence = evidence.Take(Policy, [windows[1] with { Start = later }], TrafficSimulation.Stable, TrafficSimulation.Candidate, 4, later);
        Assert.InRange(evidence.ReadFrom(start, later), later.AddMinutes(-5), later);
        Assert.InRange(RampEvidence.None.ReadFrom(start, later), start.AddMinutes(-5), start);
    }

    private static RampEvidence Begin() => RampEvidence.None.BeginStep(Policy, generation: 1, steps: 4, alone: false);

    private static RampEvidence Take(RampEvidence evidence, IReadOnlyCollection<TrafficWindow> windows) =>
        evidence.Take(Policy, windows, TrafficSimulation.Stable, TrafficSimulation.Candidate, 4, DateTimeOffset.UnixEpoch);

    private static long Requests(RampEvidence evidence) => evidence.Stable.Requests + evidence.Candidate.Requests;

    private static string Text(RampEvidence evidence) => JsonSerializer.Serialize(evidence, CoreJson.Options);
}
