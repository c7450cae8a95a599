using ModelFlow.Core.Analysis;
using ModelFlow.Core.Documents;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Policies;

/// <summary>Reads the <c>ramp.shadow</c> part of a policy.</summary>
internal static class ShadowReader
{
    public static ShadowPolicy Read(Fields fields)
    {
        var empty = new ShadowPolicy();
        var mean = PolicyValues.OrOff(PolicyValues.Fraction(0.001, 0.99));
        var shadow = new ShadowPolicy
        {
            Share = fields.Optional<Weight>("share", PolicyValues.Share, empty.Share),
            Bake = fields.Optional("bake", PolicyValues.Duration(PolicyReader.Seconds(1), PolicyReader.Days(30)), empty.Bake),
            MinPairs = fields.Optional("minPairs", PolicyValues.Whole(1, 1_000_000), empty.MinPairs),
            MaxDisagreement = fields.Optional("maxDisagreement", mean, empty.MaxDisagreement),
            MaxScoreDifference = fields.Optional("maxScoreDifference", mean, empty.MaxScoreDifference),
            ErrorRateIncrease = fields.Optional("errorRateIncrease", PolicyValues.OrOff(PolicyValues.Fraction(0, 0.99)), empty.ErrorRateIncrease),
            LatencyRatio = fields.Optional("latencyRatio", PolicyValues.OrOff(PolicyValues.Number(1, 1_000, above: true)), empty.LatencyRatio),
        };
        fields.RefuseUnknown();
        return shadow;
    }

    /// <summary>Nothing watched means the step is never healthy, as no data is never success.</summary>
    public static void CheckWatched(Fields ramp, RampPolicy policy)
    {
        if (policy is { Shadow: { MaxDisagreement: null, MaxScoreDifference: null, ErrorRateIncrease: null, LatencyRatio: null }, WhenInconclusive: not InconclusiveRule.Continue })
        {
            ramp.Report("shadow", "Every tolerance is off, so the shadow step could never be called healthy. Watch one, or say 'whenInconclusive: continue' in 'ramp'.");
        }
    }
}
