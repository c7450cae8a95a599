using System.Globalization;
using ModelFlow.Cli.Contracts;

namespace ModelFlow.Cli.Output;

/// <summary>What a test of a policy found, for people.</summary>
internal static class PolicyTestText
{
    public static void Write(Screen screen, string file, PolicyTest test)
    {
        screen.Table(
            ["RELEASE", "ENDED", "UNDER THIS POLICY", "REQUESTS", "WATCHED", "WHY"],
            test.Releases.Select(r => new Cell[]
            {
                new(r.Release, Tone.Strong),
                r.HarmFound ? "harmful" : r.Outcome,
                End(r),
                r.Unchanged.CandidateRequests.ToString(CultureInfo.InvariantCulture),
                Show.Took(r.Unchanged.Watched),
                r.Unchanged.Reason,
            }),
            "No release was played.");
        if (test.Steps.Count > 0)
        {
            screen.Line();
            screen.Table(
                ["STEP", "WEIGHT", "RELEASES", "WATCHED", "RECORDED", "HEALTHY AFTER", "TRAFFIC ENDED BEFORE"],
                test.Steps.Select(s => new Cell[]
                {
                    (s.Step + 1).ToString(CultureInfo.InvariantCulture),
                    Show.Weight(s.Weight),
                    s.Releases.ToString(CultureInfo.InvariantCulture),
                    Show.Took(s.Watched),
                    s.RecordedWatched is { } recorded ? Show.Took(recorded) : "-",
                    s.HealthyAfter is { } healthy ? Show.Took(healthy) : "-",
                    s.CutShort == 0 ? "-" : $"in {s.CutShort}",
                }),
                "");
        }

        if (test.Faults.Count > 0)
        {
            screen.Line();
            screen.Table(
                ["INJECTED", "IS", "RUNS", "STOPPED", "PASSED", "UNDECIDED", "REQUESTS", "HARMED", "TIME"],
                test.Faults.Select(f => new Cell[]
                {
                    new(f.Fault, Tone.Strong),
                    f.Standing == "harmful" ? "beyond the tolerance" : "tolerated",
                    Count(f.Runs),
                    new(Count(f.Stopped), f.Standing == "harmful" ? Tone.Good : f.Stopped > 0 ? Tone.Bad : Tone.Plain),
                    new(Count(f.Passed), f is { Standing: "harmful", Passed: > 0 } ? Tone.Bad : Tone.Plain),
                    Count(f.Undecided),
                    f.RequestsUntilStopped is { } requests ? Show.Number(Math.Round(requests)) : "-",
                    f.HarmedUntilStopped is { } harmed ? Show.Number(Math.Round(harmed)) : "-",
                    f.TimeUntilStopped is { } time ? Show.Took(time) : "-",
                }),
                "");
        }

        screen.Line();
        var past = test.Past;
        screen.Line($"Of {past.EndedWell} release(s) that ended well, {past.FalseAlarms} would have been stopped and {past.EndedWellUndecided} not decided.", past.FalseAlarms > 0 ? Tone.Bad : Tone.Plain);
        screen.Line($"Of {past.Harmful} release(s) in which harm was found, {past.FoundAgain} would be stopped again and {past.Missed} would pass.", past.Missed > 0 ? Tone.Bad : Tone.Plain);
        foreach (var skipped in test.Skipped ?? [])
        {
            screen.Note($"Left out: {skipped.Release}: {skipped.Why}.", Tone.Busy);
        }

        foreach (var note in test.Notes ?? [])
        {
            screen.Note(note, Tone.Busy);
        }

        screen.Note($"{file} is {Show.Digest(test.Policy)}; seed {test.Seed}. Nothing was changed.", Tone.Dim);
    }

    private static Cell End(PolicyTestRelease release) => release.Unchanged.End switch
    {
        "passed" => new Cell("passed", release.HarmFound ? Tone.Bad : Tone.Good),
        "stopped" => new Cell("stopped", release.HarmFound ? Tone.Good : release.Outcome == "stable" ? Tone.Bad : Tone.Busy),
        "inconclusive" => new Cell("inconclusive", Tone.Busy),
        "notEnoughTraffic" => new Cell("not enough traffic", Tone.Busy),
        var other => new Cell(other, Tone.Busy),
    };

    private static string Count(int number) => number.ToString(CultureInfo.InvariantCulture);
}
