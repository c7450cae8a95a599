using System.Diagnostics;
using ModelFlow.Core.Evaluation;
using ModelFlow.Testing;

namespace ModelFlow.Evaluator.Tests;

/// <summary>Runs the real evaluator program in a folder of its own.</summary>
internal sealed class EvaluatorProcess : IDisposable
{
    public static readonly string Digits = Path.Combine(RepositoryRoot.Find(), "samples", "digits");

    private readonly string _folder = Directory.CreateTempSubdirectory("modelflow-evaluator-test").FullName;

    public EvaluatorProcess() => Directory.CreateDirectory(OutputDirectory);

    public string OutputDirectory => Path.Combine(_folder, "out");

    public static string Program => Path.Combine(AppContext.BaseDirectory, "modelflow-evaluator");

    /// <summary>A version's folder with these files.</summary>
    public string Version(string name, params (string Name, byte[] Content)[] files)
    {
        var directory = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        foreach (var (file, content) in files)
        {
            File.WriteAllBytes(Path.Combine(directory, file), content);
        }

        return directory;
    }

    /// <summary>A version's folder with a sample model.</summary>
    public string Sample(string version) => Version(version, ($"{version}.onnx", File.ReadAllBytes(Path.Combine(Digits, $"{version}.onnx"))));

    public string Dataset(string name, string content)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return path;
    }

    public async Task<EvaluatorRun> RunAsync(params (string Name, string Value)[] variables)
    {
        var start = new ProcessStartInfo(Program) { UseShellExecute = false, RedirectStandardError = true, RedirectStandardOutput = true, RedirectStandardInput = true };
        start.Environment[EvaluatorContract.Format] = "onnx";
        start.Environment[EvaluatorContract.OutputDirectory] = OutputDirectory;
        foreach (var (name, value) in variables)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(2));
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var error = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            var file = Path.Combine(OutputDirectory, EvaluatorContract.ResultFile);
            EvaluatorResult? result = null;
            if (File.Exists(file))
            {
                Assert.True(EvaluatorResult.TryRead(await File.ReadAllBytesAsync(file, limit.Token), out result, out var mistake), mistake);
            }

            return new EvaluatorRun(process.ExitCode, result, await output, await error);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }

    public EvaluationReport Report()
    {
        Assert.True(EvaluationReportReader.TryRead(File.ReadAllBytes(Path.Combine(OutputDirectory, EvaluatorContract.ReportFile)), out var report, out var errors), string.Join('\n', errors));
        return report;
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}

internal sealed record EvaluatorRun(int ExitCode, EvaluatorResult? Result, string Output, string Error);
