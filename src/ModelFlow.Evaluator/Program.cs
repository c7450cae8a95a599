using System.Text.Json;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;
using ModelFlow.Evaluator;
using ModelFlow.Evaluator.Modes;
using ModelFlow.Evaluator.Text;

var settings = JobSettings.Read(Environment.GetEnvironmentVariable, out var errors);
if (settings is null)
{
    foreach (var error in errors)
    {
        await Console.Error.WriteLineAsync($"modelflow-evaluator: {error}");
    }

    return EvaluatorContract.ExitUsage;
}

if (string.Equals(Environment.GetEnvironmentVariable(EvaluatorContract.ParentPipe), "1", StringComparison.Ordinal))
{
    ParentWatch.Start(Console.OpenStandardInput());
}

var progress = new Progress(Console.Out);
EvaluatorResult result;
try
{
    result = (settings.Mode, TextModel.IsText(settings.Candidate)) switch
    {
        (EvaluationMode.Inspect, true) => await TextModes.InspectAsync(settings),
        (EvaluationMode.Smoke, true) => await TextModes.SmokeAsync(settings, progress),
        (_, true) => await EvaluateTextMode.RunAsync(settings, progress),
        (EvaluationMode.Inspect, false) => InspectMode.Run(settings),
        (EvaluationMode.Smoke, false) => SmokeMode.Run(settings, progress),
        _ => await EvaluateMode.RunAsync(settings, progress),
    };
}
catch (InvalidDataException e)
{
    // Models are refused where they are read; what is left is the data set.
    result = EvaluatorResult.Faulted($"the data set '{settings.DatasetPath}' cannot be used: {e.Message}");
}
catch (IOException e)
{
    result = EvaluatorResult.Faulted($"a file could not be read or written: {e.Message}");
}

// Written beside and renamed, so that a result is there whole or not at all.
var path = Path.Combine(settings.OutputDirectory, EvaluatorContract.ResultFile);
await File.WriteAllBytesAsync($"{path}.new", JsonSerializer.SerializeToUtf8Bytes(result, CoreJson.Options));
File.Move($"{path}.new", path, overwrite: true);
progress.Say(result.Status == EvaluatorStatus.Completed ? $"completed: {result.Summary}" : $"{result.Status}: {result.Reason}");
return result.Status == EvaluatorStatus.Faulted ? EvaluatorContract.ExitFaulted : EvaluatorContract.ExitAnswered;
