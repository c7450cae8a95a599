namespace ModelFlow.Core.Evaluation;

/// <summary>One gate's answer, with the numbers it was given on.</summary>
/// <param name="Gate">The policy's field, for example <c>maxSliceRecallLoss</c>.</param>
/// <param name="Passed">Whether it lets the version through.</param>
/// <param name="Observed">The measured value; null when there is none (a relative gate of a model's first version passes so; a value that is missing or no number fails).</param>
/// <param name="Limit">The policy's value.</param>
/// <param name="Message">The whole story in a sentence: <c>recall of label=8 fell from 0.98 to 0.17 (interval …), at most 0.05 may be lost</c>.</param>
public sealed record GateResult(string Gate, bool Passed, double? Observed, double Limit, string Message);
