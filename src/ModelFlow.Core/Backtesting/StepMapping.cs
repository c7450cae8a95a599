using ModelFlow.Core.Analysis.Replay;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Backtesting;

/// <summary>
/// Which recorded step stands in for a step of another policy: the one with the nearest weight, by its odds, thinned at random to the new weight. Traffic
/// is left out, never made up: of a recorded step with a lower weight a part of stable's requests goes, of one with a higher weight a part of the candidate's. A step without stable
/// (100 %) and one with it never stand in for each other.
/// </summary>
/// <param name="Recorded">The recorded step.</param>
/// <param name="StableKept">The share of stable's requests that is kept, above 0 to 1.</param>
/// <param name="CandidateKept">The share of the candidate's.</param>
internal sealed record StepMapping(RecordedStep Recorded, double StableKept, double CandidateKept)
{
    /// <summary>Whether nothing has to be left out.</summary>
    public bool IsWhole => StableKept >= 1 && CandidateKept >= 1;

    /// <summary>Finds the step; null if none can stand in.</summary>
    public static StepMapping? Of(Weight weight, IReadOnlyList<RecordedStep> recorded)
    {
        if (weight == Weight.All)
        {
            return recorded.LastOrDefault(s => s.Weight == Weight.All) is { } alone ? new StepMapping(alone, 1, 1) : null;
        }

        var nearest = recorded.Where(s => s.Weight != Weight.All && s.Weight != Weight.None).MinBy(s => Math.Abs(Math.Log(Odds(s.Weight) / Odds(weight))));
        if (nearest is null)
        {
            return null;
        }

        var factor = Odds(weight) / Odds(nearest.Weight);
        return new StepMapping(nearest, Math.Min(1, 1 / factor), Math.Min(1, factor));
    }

    /// <summary>A window with what is left of it.</summary>
    public TrafficWindow Thin(TrafficWindow window, VersionName candidate, string seed)
    {
        if (IsWhole)
        {
            return window;
        }

        var random = new SeededGenerator($"{seed}/thin/{window.Gateway}/{window.Number}");
        return window with
        {
            Cells =
            [
                .. window.Cells.Select(c =>
                    c.Kind != TrafficKind.Normal ? c
                    : c.Version == candidate ? Draw.Thin(c, CandidateKept, random)
                    : c.Version == Recorded.Stable ? Draw.Thin(c, StableKept, random)
                    : c),
            ],
        };
    }

    private static double Odds(Weight weight) => weight.BasisPoints / (10_000.0 - weight.BasisPoints);
}
