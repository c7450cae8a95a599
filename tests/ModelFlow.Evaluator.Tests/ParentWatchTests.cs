using System.Diagnostics;
using ModelFlow.Core.Evaluation;

namespace ModelFlow.Evaluator.Tests;

public sealed class ParentWatchTests : IDisposable
{
    private readonly EvaluatorProcess _evaluator = new();

    [Fact]
    public async Task ParentsEndOfThePipeCloses_evaluatorEnds()
    {
        // A named pipe in the data set's place keeps the evaluator waiting for ever.
        var dataset = Path.Combine(_evaluator.OutputDirectory, "rows.csv");
        using (var mkfifo = Process.Start("mkfifo", [dataset]))
        {
            await mkfifo.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var start = new ProcessStartInfo(EvaluatorProcess.Program) { UseShellExecute = false, RedirectStandardInput = true };
        start.Environment[EvaluatorContract.Mode] = "evaluate";
        start.Environment[EvaluatorContract.Format] = "onnx";
        start.Environment[EvaluatorContract.ModelDirectory] = _evaluator.Sample("v1.0.0-base");
        start.Environment[EvaluatorContract.Dataset] = dataset;
        start.Environment[EvaluatorContract.OutputDirectory] = _evaluator.OutputDirectory;
        start.Environment[EvaluatorContract.ParentPipe] = "1";
        using var process = Process.Start(start)!;
        try
        {
            Assert.False(process.WaitForExit(TimeSpan.FromSeconds(1)));

            process.StandardInput.Close();

            Assert.True(process.WaitForExit(TimeSpan.FromSeconds(10)));
            Assert.NotEqual(0, process.ExitCode);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill();
            }
        }
    }

    public void Dispose() => _evaluator.Dispose();
}
