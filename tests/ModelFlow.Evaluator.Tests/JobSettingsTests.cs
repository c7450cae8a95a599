using ModelFlow.Core.Evaluation;

namespace ModelFlow.Evaluator.Tests;

public sealed class JobSettingsTests
{
    private readonly Dictionary<string, string> _variables = new(StringComparer.Ordinal)
    {
        [EvaluatorContract.Mode] = "evaluate",
        [EvaluatorContract.ModelDirectory] = "/tmp",
        [EvaluatorContract.Format] = "onnx",
        [EvaluatorContract.Dataset] = typeof(JobSettingsTests).Assembly.Location,
        [EvaluatorContract.OutputDirectory] = "/tmp",
    };

    [Fact]
    public void Read_onlyWhatIsNeeded_defaultsForTheRest()
    {
        var settings = JobSettings.Read(_variables.GetValueOrDefault, out var errors);

        Assert.Empty(errors);
        Assert.Equal("label", settings!.Label);
        Assert.Equal(64, settings.BatchSize);
        Assert.Equal(1, settings.Threads);
        Assert.Empty(settings.Slices);
        Assert.Null(settings.Baseline);
        Assert.Equal("ModelFlow.Evaluator.Tests.dll", settings.DatasetPath);
    }

    [Fact]
    public void Read_slices_anyNames()
    {
        _variables[EvaluatorContract.Slices] = """["writer, hand", "kind"]""";

        Assert.Equal(["writer, hand", "kind"], JobSettings.Read(_variables.GetValueOrDefault, out _)!.Slices, StringComparer.Ordinal);
    }

    [Theory]
    [InlineData(EvaluatorContract.Mode, "train", "must be inspect, smoke or evaluate")]
    [InlineData(EvaluatorContract.Mode, "", "must be inspect, smoke or evaluate")]
    [InlineData(EvaluatorContract.ModelDirectory, "/nowhere", "names no folder")]
    [InlineData(EvaluatorContract.Format, "", "is needed")]
    [InlineData(EvaluatorContract.Dataset, "", "is needed")]
    [InlineData(EvaluatorContract.Dataset, "/nowhere.csv", "names no file")]
    [InlineData(EvaluatorContract.DatasetSha256, "abc", "64 hexadecimal digits")]
    [InlineData(EvaluatorContract.Slices, "writer", "JSON array")]
    [InlineData(EvaluatorContract.Slices, "[\"\"]", "empty name")]
    [InlineData(EvaluatorContract.BatchSize, "0", "1 to 4096")]
    [InlineData(EvaluatorContract.Threads, "many", "1 to 256")]
    [InlineData(EvaluatorContract.BaselineDirectory, "/nowhere", "names no folder")]
    public void Read_oneMistake_saysWhich(string name, string value, string message)
    {
        _variables[name] = value;
        _variables[EvaluatorContract.BaselineFormat] = "onnx";

        Assert.Null(JobSettings.Read(_variables.GetValueOrDefault, out var errors));
        Assert.Contains(errors, e => e.StartsWith(name, StringComparison.Ordinal) && e.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Read_nothing_allMistakesAtOnce()
    {
        Assert.Null(JobSettings.Read(_ => null, out var errors));
        Assert.Equal(4, errors.Count);
    }
}
