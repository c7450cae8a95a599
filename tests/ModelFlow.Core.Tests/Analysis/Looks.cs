using ModelFlow.Core.Analysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Analysis;

/// <summary>A ramp as it is looked at: evidence that goes from look to look.</summary>
internal sealed class Looks
{
    private readonly GuardrailPolicy _policy;
    private readonly int _steps;
    private Weight _weight;

    public Looks(GuardrailPolicy policy, int steps = 4, Weight? weight = null)
    {
        (_policy, _steps, _weight) = (policy, steps, weight ?? new Weight(5_000));
        Evidence = RampEvidence.None.BeginStep(policy, generation: 1, steps, alone: false);
    }

    public RampEvidence Evidence { get; private set; }

    public GuardrailReport? Last { get; private set; }

    public void BeginStep(long generation, bool alone)
    {
        _weight = alone ? Weight.All : _weight;
        Evidence = Evidence.BeginStep(_policy, generation, _steps, alone);
    }

    public GuardrailReport Look(params TrafficWindow[] windows)
    {
        Evidence = Evidence.Take(_policy, windows, TrafficSimulation.Stable, TrafficSimulation.Candidate, _steps, DateTimeOffset.UnixEpoch);
        return Last = GuardrailJudge.Judge(_policy, Evidence, _steps, _weight, attempt: 1);
    }
}
