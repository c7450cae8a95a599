using Microsoft.ML.OnnxRuntime;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Inspection;
using ModelFlow.Evaluator.Data;
using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator.Modes;

/// <summary>Runs the golden inputs: outputs must have the declared shape, numbers must be finite, classes and probabilities in range.</summary>
internal static class SmokeMode
{
    private const double SumTolerance = 1e-3;

    public static EvaluatorResult Run(JobSettings settings, Progress progress)
    {
        var opening = ModelOpening.Open(settings.Candidate, settings.Threads);
        if (opening is not OpenedModel.Opened opened)
        {
            var refused = (OpenedModel.Refused)opening;
            return EvaluatorResult.Refused(refused.By, refused.Reason);
        }

        using var model = opened.Model;
        var reserved = new HashSet<string>(StringComparer.Ordinal) { "id", settings.Label };
        var table = TableReader.Read(settings.Dataset, reserved);
        if (InputBinder.Bind(model.Signature, table, reserved, out var problem) is not { } binder)
        {
            return EvaluatorResult.Refused("smoke", $"the golden inputs '{settings.DatasetPath}' do not fit: {problem}");
        }

        var outputs = model.Signature.Outputs.Where(OutputBatch.CanRead).ToList();
        if (outputs.Count == 0)
        {
            return EvaluatorResult.Refused("smoke", "no output is a tensor of numbers or texts");
        }

        var labels = table.Find(settings.Label) is { Width: 1 } label
            ? Enumerable.Range(0, table.Rows).Select(r => ClassNames.Normal(label.Text(r))).ToHashSet(StringComparer.Ordinal)
            : [];
        var checks = new OutputChecks(table.Rows, ClassOutputs.Find(model.Signature), labels);
        var batchSize = binder.FixedBatch ?? settings.BatchSize;
        for (var start = 0; start < table.Rows; start += batchSize)
        {
            var count = Math.Min(batchSize, table.Rows - start);
            var inputs = binder.Fill(start, count);
            try
            {
                using var results = model.Run(binder.Names, inputs, [.. outputs.Select(o => o.Name)]);
                if (checks.Add([.. outputs.Select((o, i) => OutputBatch.Read(o, results[i]))], binder.FixedBatch ?? count, count) is { } mistake)
                {
                    return EvaluatorResult.Refused("smoke", mistake);
                }
            }
            catch (OnnxRuntimeException e)
            {
                return EvaluatorResult.Refused("smoke", $"running the golden rows {start + 1} to {start + count} failed: {ModelOpening.FirstLine(e.Message)}");
            }
            finally
            {
                foreach (var input in inputs)
                {
                    input.Dispose();
                }
            }

            progress.Report("golden rows", start + count, table.Rows);
        }

        return checks.Problem() is { } found
            ? EvaluatorResult.Refused("smoke", found)
            : EvaluatorResult.Completed($"{table.Rows} golden rows ran; {outputs.Count} outputs have their declared shapes and {checks.Values} values are finite{(binder.Note is null ? "" : $"; {binder.Note}")}");
    }

    /// <summary>Collects what is wrong over all batches, so that the message has the whole count.</summary>
    private sealed class OutputChecks(int rows, ClassOutputs? classes, HashSet<string> knownLabels)
    {
        private readonly Dictionary<string, (int Rows, long Values, long All)> _notFinite = new(StringComparer.Ordinal);
        private int _labelsOutOfRange;
        private string _labelExample = "";
        private int _notProbabilities;

        public long Values { get; private set; }

        /// <summary>Checks one batch; a wrong shape is told at once.</summary>
        public string? Add(IReadOnlyList<OutputBatch> outputs, int ran, int count)
        {
            foreach (var output in outputs)
            {
                if (!Fits(output.Signature.Shape, output.Shape, ran))
                {
                    return $"for {ran} rows the output {output.Signature} came with the shape [{string.Join(',', output.Shape)}]";
                }

                if (output.Numbers is { } numbers)
                {
                    Finite(output, numbers, count);
                }
            }

            Classes(outputs, count);
            return null;
        }

        public string? Problem()
        {
            if (_notFinite.Count > 0)
            {
                return string.Join("; ", _notFinite.Select(n =>
                    $"the output '{n.Key}' is not finite (NaN or infinite) in {n.Value.Rows} of {rows} golden rows ({n.Value.Values} of {n.Value.All} values)"));
            }

            if (_labelsOutOfRange > 0)
            {
                return $"the output '{classes!.Label!.Name}' names classes that do not exist in {_labelsOutOfRange} of {rows} golden rows, for example {_labelExample}";
            }

            return _notProbabilities > 0
                ? $"the output '{classes!.Scores!.Name}' does not hold probabilities in {_notProbabilities} of {rows} golden rows: they must be 0 to 1 and add up to 1"
                : null;
        }

        private static bool Fits(IReadOnlyList<long> declared, IReadOnlyList<long> came, int batch) =>
            declared.Count == came.Count
            && declared.Zip(came).All(d => d.First == -1 || d.First == d.Second)
            && (came.Count == 0 || declared[0] != -1 || came[0] == batch);

        private void Finite(OutputBatch output, double[] numbers, int count)
        {
            var width = output.Shape.Count == 0 ? 0 : output.Width;
            int badRows = 0;
            long badValues = 0;
            for (var row = 0; row < (width == 0 ? 0 : count); row++)
            {
                var bad = numbers.AsSpan(row * width, width).ToArray().Count(v => !double.IsFinite(v));
                badRows += bad > 0 ? 1 : 0;
                badValues += bad;
            }

            Values += (long)width * count;
            if (badValues > 0 || _notFinite.ContainsKey(output.Signature.Name))
            {
                var before = _notFinite.GetValueOrDefault(output.Signature.Name);
                _notFinite[output.Signature.Name] = (before.Rows + badRows, before.Values + badValues, (long)width * rows);
            }
        }

        private void Classes(IReadOnlyList<OutputBatch> outputs, int count)
        {
            var scores = outputs.FirstOrDefault(o => o.Signature.Equals(classes?.Scores));
            var label = outputs.FirstOrDefault(o => o.Signature.Equals(classes?.Label));
            if (scores?.Numbers is null)
            {
                return;
            }

            var named = scores.Signature.Name.Contains("prob", StringComparison.OrdinalIgnoreCase);
            for (var row = 0; row < count; row++)
            {
                var values = scores.Numbers.AsSpan(row * scores.Width, scores.Width);
                var sum = 0.0;
                var within = true;
                foreach (var value in values)
                {
                    sum += value;
                    within &= value is >= -SumTolerance and <= 1 + SumTolerance;
                }

                if (named && (!within || Math.Abs(sum - 1) > SumTolerance))
                {
                    _notProbabilities++;
                }

                // Classes are numbered from 0, unless the golden rows' own labels say otherwise.
                if (label?.Numbers is { } labels
                    && (labels[row] < 0 || labels[row] >= scores.Width)
                    && !knownLabels.Contains(ClassNames.Normal(labels[row].ToString("R"))))
                {
                    _labelsOutOfRange++;
                    _labelExample = $"{labels[row]} with {scores.Width} classes";
                }
            }
        }
    }
}
