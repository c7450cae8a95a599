using ModelFlow.Core.Evaluation;
using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator.Modes;

/// <summary>Reads format, content and signature, and loads the model once.</summary>
internal static class InspectMode
{
    public static EvaluatorResult Run(JobSettings settings)
    {
        switch (ModelOpening.Open(settings.Candidate, settings.Threads))
        {
            case OpenedModel.Opened opened:
                using (opened.Model)
                {
                    var signature = opened.Model.Signature;
                    var sets = string.Join(", ", opened.File.OperatorSets.Select(s => $"{(s.Key.Length == 0 ? "ai.onnx" : s.Key)} {s.Value}"));
                    return EvaluatorResult.Completed(
                        $"ONNX, IR version {opened.File.IrVersion}, operator sets {sets}, {opened.File.Nodes} nodes; "
                            + $"takes {string.Join(", ", signature.Inputs)}, gives {string.Join(", ", signature.Outputs)}; loads in {opened.Model.LoadTime.TotalMilliseconds:0.#} ms",
                        signature);
                }

            case OpenedModel.Refused refused:
                return EvaluatorResult.Refused(refused.By, refused.Reason);
            default:
                throw new InvalidOperationException("unknown outcome");
        }
    }
}
