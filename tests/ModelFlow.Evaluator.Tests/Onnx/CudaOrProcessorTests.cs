using Microsoft.ML.OnnxRuntime;
using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator.Tests.Onnx;

public sealed class CudaOrProcessorTests
{
    private static readonly string[] WithCuda = ["CUDAExecutionProvider", "CPUExecutionProvider"];

    [Fact]
    public void Open_buildForProcessors_doesNotTryAndSaysNothing()
    {
        var tried = new List<bool>();

        var (opened, _, note) = CudaOrProcessor.Open(["CPUExecutionProvider"], Try(tried));

        Assert.Equal([false], tried);
        Assert.Equal("on the processor", opened);
        Assert.Null(note);
    }

    [Fact]
    public void Open_cudaThatWorks_isUsedAndSaid()
    {
        var tried = new List<bool>();

        var (opened, _, note) = CudaOrProcessor.Open(WithCuda, Try(tried));

        Assert.Equal([true], tried);
        Assert.Equal("on CUDA", opened);
        Assert.Equal("ran on a GPU (CUDA)", note);
    }

    [Fact]
    public void Open_cudaThatFails_fallsBackAndSaysWhy()
    {
        var tried = new List<bool>();

        var (opened, _, note) = CudaOrProcessor.Open(WithCuda, Try(tried, failsOnCuda: true));

        Assert.Equal([true, false], tried);
        Assert.Equal("on the processor", opened);
        Assert.StartsWith("ran on the processor, because CUDA could not be used: ", note, StringComparison.Ordinal);
    }

    [Fact]
    public void Open_modelThatIsAtFault_throwsAsOnTheProcessor() =>
        Assert.ThrowsAny<OnnxRuntimeException>(() => CudaOrProcessor.Open(WithCuda, _ => Fail()));

    [Fact]
    public void Open_thisBuild_isForProcessors() =>
        Assert.DoesNotContain("CUDAExecutionProvider", OrtEnv.Instance().GetAvailableProviders());

    private static Func<bool, string> Try(List<bool> tried, bool failsOnCuda = false) => onCuda =>
    {
        tried.Add(onCuda);
        return !onCuda ? "on the processor" : failsOnCuda ? Fail() : "on CUDA";
    };

    /// <summary>As the runtime fails: its exception has no constructor of its own.</summary>
    private static string Fail()
    {
        using var session = new InferenceSession([1, 2, 3]);
        return "unexpected";
    }
}
