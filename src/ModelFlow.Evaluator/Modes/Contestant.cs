using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Rows;
using ModelFlow.Evaluator.Data;
using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator.Modes;

/// <summary>One version in an evaluation: its model, how it is fed, and what it answered.</summary>
internal sealed class Contestant : IDisposable
{
    private readonly OnnxModel _model;
    private readonly InputBinder _binder;
    private readonly ClassOutputs _outputs;
    private readonly IReadOnlyDictionary<string, int> _classes;
    private readonly string[] _outputNames;
    private long _timedRows;
    private double _timedMs;

    private Contestant(OnnxModel model, InputBinder binder, ClassOutputs outputs, IReadOnlyDictionary<string, int> classes, int rows)
    {
        _model = model;
        _binder = binder;
        _outputs = outputs;
        _classes = classes;
        _outputNames = [.. outputs.All.Select(o => o.Name)];
        Answers = new int[rows];
        Answered = new string[rows];
        Confidence = outputs.Scores is null ? null : new double[rows];
    }

    /// <summary>The index of the answered class, row by row.</summary>
    public int[] Answers { get; }

    /// <summary>The answered class as text, row by row.</summary>
    public string[] Answered { get; }

    /// <summary>The greatest probability, row by row; null without scores.</summary>
    public double[]? Confidence { get; }

    /// <summary>Every score, row by row; null without scores.</summary>
    public float[]? Scores { get; private set; }

    /// <summary>Scores a row.</summary>
    public int ScoreWidth { get; private set; }

    /// <summary>Whether every row's scores are probabilities: 0 to 1 and adding up to 1.</summary>
    public bool ScoresAreProbabilities { get; private set; } = true;

    /// <summary>Times of full batches in milliseconds.</summary>
    public List<double> SamplesMs { get; } = [];

    public TimeSpan LoadTime => _model.LoadTime;

    public double RowsPerSecond => _timedMs > 0 ? _timedRows / _timedMs * 1000 : 0;

    public string? Note => _binder.Note;

    /// <summary>See <see cref="OnnxModel.DeviceNote"/>.</summary>
    public string? DeviceNote => _model.DeviceNote;

    /// <summary>Prepares a version; null, with the reason, if it cannot answer these rows with classes.</summary>
    public static Contestant? Enter(OnnxModel model, Table table, IReadOnlySet<string> reserved, IReadOnlyDictionary<string, int> classes, out string reason)
    {
        if (InputBinder.Bind(model.Signature, table, reserved, out reason) is not { } binder)
        {
            return null;
        }

        if (ClassOutputs.Find(model.Signature) is not { } outputs)
        {
            reason = $"no output says a class: there must be one whole number or text a row (for example 'label') or one score a class (for example 'probabilities'), and there is {string.Join(", ", model.Signature.Outputs)}";
            return null;
        }

        return new Contestant(model, binder, outputs, classes, table.Rows);
    }

    /// <summary>Runs rows and gives the time of the inference alone, in milliseconds; keeps the answers if asked to. False, with the reason, if it failed.</summary>
    public bool TryRun(int start, int count, bool keep, out double milliseconds, out string reason)
    {
        try
        {
            milliseconds = Run(start, count, keep);
            reason = "";
            return true;
        }
        catch (Exception e) when (e is OnnxRuntimeException or InvalidDataException)
        {
            milliseconds = 0;
            reason = $"running rows {start + 1} to {start + count} failed: {ModelOpening.FirstLine(e.Message)}";
            return false;
        }
    }

    /// <summary>Forgets times measured so far: they were the warm-up.</summary>
    public void ForgetTimes()
    {
        _timedRows = 0;
        _timedMs = 0;
        SamplesMs.Clear();
    }

    public void Dispose() => _model.Dispose();

    private double Run(int start, int count, bool keep)
    {
        var elapsed = 0.0;
        var step = _binder.FixedBatch ?? count;
        for (var at = 0; at < count; at += step)
        {
            var rows = Math.Min(step, count - at);
            var inputs = _binder.Fill(start + at, rows);
            try
            {
                var began = Stopwatch.GetTimestamp();
                using var results = _model.Run(_binder.Names, inputs, _outputNames);
                elapsed += Stopwatch.GetElapsedTime(began).TotalMilliseconds;
                if (keep)
                {
                    Keep([.. _outputs.All.Select((o, i) => OutputBatch.Read(o, results[i]))], start + at, rows);
                }
            }
            finally
            {
                foreach (var input in inputs)
                {
                    input.Dispose();
                }
            }
        }

        _timedRows += count;
        _timedMs += elapsed;
        return elapsed;
    }

    private void Keep(IReadOnlyList<OutputBatch> outputs, int start, int rows)
    {
        var scores = outputs.FirstOrDefault(o => o.Signature.Equals(_outputs.Scores));
        var label = outputs.FirstOrDefault(o => o.Signature.Equals(_outputs.Label));
        foreach (var output in outputs)
        {
            if (output.Shape.Count == 0 || output.Shape[0] < rows || output.Width < 1)
            {
                throw new InvalidDataException($"for {rows} rows the output {output.Signature} came with the shape [{string.Join(',', output.Shape)}]");
            }
        }

        for (var i = 0; i < rows; i++)
        {
            var best = scores is null ? -1 : KeepScores(scores, i, start + i);
            var name = label switch
            {
                { Texts: { } texts } => ClassNames.Normal(texts[i * label.Width]),
                { Numbers: { } numbers } => ClassNames.Normal(numbers[i * label.Width].ToString("R")),
                _ => best < 0 ? "" : $"{best}",
            };
            Answered[start + i] = name;
            Answers[start + i] = _classes.GetValueOrDefault(name, ClassificationScores.OtherClass);
        }
    }

    // Gives the index of the greatest score; -1 if one is no finite number.
    private int KeepScores(OutputBatch scores, int i, int row)
    {
        if (Scores is null)
        {
            ScoreWidth = scores.Width;
            Scores = new float[(long)Answers.Length * ScoreWidth];
        }

        var best = 0;
        var sum = 0.0;
        var finite = true;
        var within = true;
        for (var k = 0; k < ScoreWidth; k++)
        {
            var score = scores.Numbers![(i * ScoreWidth) + k];
            Scores[((long)row * ScoreWidth) + k] = (float)score;
            finite &= double.IsFinite(score);
            within &= score is >= -1e-6 and <= 1 + 1e-6;
            sum += score;
            best = score > scores.Numbers[(i * ScoreWidth) + best] ? k : best;
        }

        ScoresAreProbabilities &= finite && within && Math.Abs(sum - 1) < 1e-3;
        Confidence![row] = scores.Numbers![(i * ScoreWidth) + best];
        return finite ? best : -1;
    }
}
