using System.Text.Json;
using ModelFlow.Core.Analysis;
using ModelFlow.Core.Experiments;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Tests.Analysis;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Experiments;

public sealed class ExperimentJudgeTests
{
    private static readonly ExperimentPolicy Sequential = new() { MinimumEffect = 0.05 };
    private static readonly ExperimentPolicy Fixed = new() { MinimumEffect = 0.05, Mode = ExperimentMode.Fixed, SampleSize = 1_000 };
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Weight Half = new(5_000);

    public static TheoryData<double, double, ExperimentVerdict> Means => new()
    {
        { 0.5, 0.8, ExperimentVerdict.Winner },
        { 0.8, 0.5, ExperimentVerdict.Loser },
        { 0.7, 0.7, ExperimentVerdict.NoDifference },
    };

    [Theory]
    [MemberData(nameof(Means))]
    public void Look_sequential_decidesAtTheFirstLookThatSaysEnough(double stable, double candidate, ExperimentVerdict expected)
    {
        var (evidence, report) = (ExperimentEvidence.Begin(Sequential), ExperimentJudge.Begin(Sequential, 1, Half, Noon));
        var traffic = new Marks(1, stable, candidate);
        for (var look = 0; look < 1_000 && report.Verdict == ExperimentVerdict.Running; look++)
        {
            evidence = traffic.Send(evidence, 100);
            report = ExperimentJudge.Look(Sequential, report, evidence, isOver: false, Noon.AddSeconds(look));
        }

        Assert.Equal(expected, report.Verdict);
        Assert.NotNull(report.DecidedAt);
        Assert.InRange(candidate - stable, report.Interval!.Low, report.Interval.High!.Value);
        Assert.True(expected == ExperimentVerdict.NoDifference || report.Candidate.Outcomes < 300, report.Message);
        Assert.Contains($"of {report.Candidate.Outcomes} against", report.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Look_fixedBeforeItsSize_saysNothingOfTheDifference_andIsTakenOnce()
    {
        var (evidence, report) = (ExperimentEvidence.Begin(Fixed), ExperimentJudge.Begin(Fixed, 0, Half, Noon));
        var traffic = new Marks(2, 0.2, 0.9);
        evidence = traffic.Send(evidence, 1_500);
        report = ExperimentJudge.Look(Fixed, report, evidence, isOver: false, Noon);
        Assert.Equal((ExperimentVerdict.Running, null, null), (report.Verdict, report.Interval, report.Effect));
        Assert.All(report.Slices, s => Assert.Null(s.Interval));

        evidence = traffic.Send(evidence, 800);
        report = ExperimentJudge.Look(Fixed, report, evidence, isOver: false, Noon);
        Assert.Equal(ExperimentVerdict.Winner, report.Verdict);
        Assert.InRange(report.Interval!.High!.Value - report.Interval.Low, 0.01, 0.1);
    }

    [Fact]
    public void Look_fixedWithoutDifference_decidesAtItsLookWhateverItSays()
    {
        // The interval of 1,000 marks each is wider than ± 1 %.
        var policy = Fixed with { MinimumEffect = 0.01 };
        var traffic = new Marks(3, 0.5, 0.5);
        var report = ExperimentJudge.Look(policy, ExperimentJudge.Begin(policy, 0, Half, Noon), traffic.Send(ExperimentEvidence.Begin(policy), 2_200), isOver: false, Noon);
        Assert.Equal((ExperimentVerdict.Inconclusive, Noon), (report.Verdict, report.DecidedAt));
    }

    [Fact]
    public void Look_fixedWhoseTimeIsOver_looksAtWhatThereIs()
    {
        var report = ExperimentJudge.Begin(Fixed, 0, Half, Noon);
        var some = new Marks(4, 0.2, 0.9).Send(ExperimentEvidence.Begin(Fixed), 200);
        Assert.Equal(ExperimentVerdict.Winner, ExperimentJudge.Look(Fixed, report, some, isOver: true, Noon).Verdict);
        var few = new Marks(4, 0.2, 0.9).Send(ExperimentEvidence.Begin(Fixed), 30);
        Assert.Equal((ExperimentVerdict.Inconclusive, null), (ExperimentJudge.Look(Fixed, report, few, isOver: true, Noon).Verdict, ExperimentJudge.Look(Fixed, report, few, isOver: true, Noon).Interval));
    }

    [Fact]
    public void Look_noFeedback_isInconclusiveAndNeverNoDifference()
    {
        foreach (var policy in new[] { Sequential, Fixed })
        {
            var silent = new Marks(5, 0.5, 0.5) { MarkedShare = 0 };
            var report = ExperimentJudge.Look(policy, ExperimentJudge.Begin(policy, 0, Half, Noon), silent.Send(ExperimentEvidence.Begin(policy), 5_000), isOver: true, Noon);
            Assert.Equal((ExperimentVerdict.Inconclusive, 0L, 0L), (report.Verdict, report.Candidate.Outcomes, report.Stable.Outcomes));
            Assert.Contains("no feedback came", report.Message, StringComparison.Ordinal);
            Assert.Equal(ExperimentVerdict.Inconclusive, ExperimentJudge.Look(policy, ExperimentJudge.Begin(policy, 0, Half, Noon), null, isOver: true, Noon).Verdict);
        }
    }

    [Fact]
    public void Look_successRate_needsNoFeedback()
    {
        var policy = Sequential with { Metric = ExperimentMetric.SuccessRate };
        var failing = new Marks(6, 0.5, 0.5) { MarkedShare = 0, CandidateErrorRate = 0.3 };
        var report = ExperimentJudge.Look(policy, ExperimentJudge.Begin(policy, 0, Half, Noon), failing.Send(ExperimentEvidence.Begin(policy), 2_000), isOver: false, Noon);
        Assert.Equal(ExperimentVerdict.Loser, report.Verdict);
    }

    [Fact]
    public void Look_harmInOneSlice_isShown_andLosesOnlyIfItIsGuarded()
    {
        var traffic = new Marks(7, 0.6, 0.99) { Slices = ["de", "fr"], CandidateIn = new() { ["fr"] = 0.1 } };
        var open = Sequential with { MinimumEffect = 0.3 };
        var guarded = open with { GuardedSlices = ["fr"] };
        var evidence = traffic.Send(ExperimentEvidence.Begin(open), 3_000);
        var shown = ExperimentJudge.Look(open, ExperimentJudge.Begin(open, 0, Half, Noon), evidence, isOver: false, Noon);
        Assert.NotEqual(ExperimentVerdict.Loser, shown.Verdict);
        var fr = shown.Slices.Single(s => s.Slice == "fr");
        Assert.True(fr.Interval!.High < 0);
        Assert.True(shown.Slices.Single(s => s.Slice == "de").Interval!.Low > 0);
        Assert.InRange(fr.Stable.Mean, 0.5, 0.7);
        Assert.Equal(1_500, fr.Stable.Requests + fr.Candidate.Requests);

        var lost = ExperimentJudge.Look(guarded, ExperimentJudge.Begin(guarded, 0, Half, Noon), evidence, isOver: false, Noon);
        Assert.Equal(ExperimentVerdict.Loser, lost.Verdict);
        Assert.Contains("slice 'fr'", lost.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_moreSlicesThanAreToldApart_countsTheRestAsOthers()
    {
        var traffic = new Marks(8, 0.5, 0.5) { Slices = [.. Enumerable.Range(0, 50).Select(i => $"s{i}")] };
        var evidence = traffic.Send(ExperimentEvidence.Begin(Sequential), 4_000);
        Assert.Equal(SliceName.MaxDistinct + 1, evidence.Slices.Count);
        Assert.Equal(4_000, evidence.Slices.Values.Sum(s => s.StableTraffic.Requests + s.CandidateTraffic.Requests));
        Assert.True(evidence.Slices[SliceName.Other].Stable.Count > 500);
    }

    [Fact]
    public void Take_usersWhoMarkAllAlike_countForLess()
    {
        // Each of 40 users gives 50 marks that are all the same: 40 witnesses, not 2,000.
        var traffic = new Marks(9, 0.5, 0.5) { Users = 40 };
        var evidence = traffic.Send(ExperimentEvidence.Begin(Sequential), 4_000);
        var report = ExperimentJudge.Look(Sequential, ExperimentJudge.Begin(Sequential, 0, Half, Noon), evidence, isOver: true, Noon);
        Assert.InRange(report.Candidate.DesignEffect, 15, 200);
        Assert.Equal(ExperimentVerdict.Inconclusive, report.Verdict);
        Assert.InRange(0, report.Interval!.Low, report.Interval.High!.Value);
    }

    [Fact]
    public void Evidence_storedAndReadAgain_goesOnTheSame_andIsSmall()
    {
        var traffic = new Marks(10, 0.5, 0.6) { Slices = [.. Enumerable.Range(0, 30).Select(i => $"slice-number-{i}")] };
        var ramp = RampEvidence.None.BeginStep(new GuardrailPolicy(), 1, 4, alone: false, Sequential);
        ramp = ramp with { Experiment = traffic.Send(ramp.Experiment!, 5_000) };
        var text = JsonSerializer.Serialize(ramp, CoreJson.Options);
        var again = JsonSerializer.Deserialize<RampEvidence>(text, CoreJson.Options)!;
        var window = traffic.Window(200);
        Assert.Equal(
            JsonSerializer.Serialize(ramp.Experiment.Take([window], TrafficSimulation.Stable, TrafficSimulation.Candidate), CoreJson.Options),
            JsonSerializer.Serialize(again.Experiment!.Take([window], TrafficSimulation.Stable, TrafficSimulation.Candidate), CoreJson.Options));
        Assert.InRange(text.Length, 1, 50_000);
    }

    [Fact]
    public void RampEvidence_takesEachWindowOnce_andForgetsTheExperimentWithItsStep()
    {
        var policy = new GuardrailPolicy();
        var windows = new[] { new Marks(11, 0.5, 0.5).Window(100) };
        var evidence = RampEvidence.None.BeginStep(policy, 1, 4, alone: false, Sequential);
        evidence = Take(Take(evidence));
        Assert.Equal(100, evidence.Experiment!.Stable.Count + evidence.Experiment.Candidate.Count);
        Assert.Null(evidence.BeginStep(policy, 2, 4, alone: false).Experiment);

        RampEvidence Take(RampEvidence e) => e.Take(policy, windows, TrafficSimulation.Stable, TrafficSimulation.Candidate, 4, Noon);
    }

    [Fact]
    public void Look_sequentialAtEveryWindow_ofVersionsThatAreTheSame_rarelyFindsAWinnerOrALoser()
    {
        const int Runs = 150;
        var wrong = 0;
        for (var run = 0; run < Runs; run++)
        {
            var (evidence, report) = (ExperimentEvidence.Begin(Sequential), ExperimentJudge.Begin(Sequential, 0, Half, Noon));
            var traffic = new Marks(100 + run, 0.6, 0.6) { Users = 300 };
            for (var look = 0; look < 60 && report.Verdict == ExperimentVerdict.Running; look++)
            {
                evidence = traffic.Send(evidence, 50);
                report = ExperimentJudge.Look(Sequential, report, evidence, isOver: false, Noon);
            }

            wrong += report.Verdict is ExperimentVerdict.Winner or ExperimentVerdict.Loser ? 1 : 0;
        }

        Assert.InRange(wrong, 0, 15); // 5 % are 7.5, and three deviations more.
    }

    /// <summary>Requests of users who mark answers yes or no; a user stays with one version.</summary>
    private sealed class Marks(int seed, double stable, double candidate)
    {
        private readonly Random _random = new(seed);
        private readonly Dictionary<int, double> _likes = [];
        private readonly HashSet<int> _seen = [];
        private long _number;

        public double MarkedShare { get; init; } = 1;

        public double CandidateErrorRate { get; init; }

        public int Users { get; init; }

        public IReadOnlyList<string> Slices { get; init; } = [];

        public Dictionary<string, double> CandidateIn { get; init; } = [];

        public ExperimentEvidence Send(ExperimentEvidence evidence, int requests)
        {
            for (var sent = 0; sent < requests; sent += 50)
            {
                evidence = evidence.Take([Window(Math.Min(50, requests - sent))], TrafficSimulation.Stable, TrafficSimulation.Candidate);
            }

            return evidence;
        }

        public TrafficWindow Window(int requests)
        {
            var cells = new Dictionary<(VersionName, int), TrafficCell>();
            var slices = new Dictionary<(VersionName, string), SliceCell>();
            for (var i = 0; i < requests; i++)
            {
                var user = Users == 0 ? (int)(_number * 1_000) + i : _random.Next(Users);
                var ours = user % 2 == 1;
                var version = ours ? TrafficSimulation.Candidate : TrafficSimulation.Stable;
                var slice = Slices.Count == 0 ? null : Slices[((i / 2) + (int)_number) % Slices.Count];
                var mean = ours ? slice is null ? candidate : CandidateIn.GetValueOrDefault(slice, candidate) : stable;

                // One of few users always says the same.
                var score = Users == 0 || Users > 100 ? _random.NextDouble() < mean ? 1.0 : 0 : Like(user, mean);
                var marks = _random.NextDouble() < MarkedShare ? new FeedbackTotals(1, score, score * score) : default;
                var errors = ours && _random.NextDouble() < CandidateErrorRate ? 1 : 0;
                var first = Users == 0 || _seen.Add(user) ? 1 : 0;
                var place = (version, user / 2 % 64);
                var cell = cells.GetValueOrDefault(place) ?? new TrafficCell { Version = version, SubBucket = place.Item2 };
                cells[place] = cell with { Requests = cell.Requests + 1, UpstreamErrors = cell.UpstreamErrors + errors, Feedback = cell.Feedback + marks, FirstSeenKeys = cell.FirstSeenKeys + first };
                if (slice is not null)
                {
                    var at = slices.GetValueOrDefault((version, slice)) ?? new SliceCell { Slice = slice, Version = version };
                    slices[(version, slice)] = at with { Requests = at.Requests + 1, Errors = at.Errors + errors, Feedback = at.Feedback + marks };
                }
            }

            return new TrafficWindow
            {
                Gateway = "g",
                Model = ModelName.Parse("digits"),
                Generation = 1,
                Start = Noon,
                Length = TimeSpan.FromSeconds(1),
                Number = ++_number,
                Leased = true,
                Cells = [.. cells.Values],
                Slices = slices.Count == 0 ? null : [.. slices.Values],
            };
        }

        private double Like(int user, double mean)
        {
            if (!_likes.TryGetValue(user, out var like))
            {
                _likes[user] = like = _random.NextDouble() < mean ? 1 : 0;
            }

            return like;
        }
    }
}
