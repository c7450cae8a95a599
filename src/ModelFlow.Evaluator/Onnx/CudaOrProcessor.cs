using System.Diagnostics;
using Microsoft.ML.OnnxRuntime;
using ModelFlow.Evaluator.Modes;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>
/// Chooses what a model runs on. A build with the CUDA provider (<c>-p:OnnxRuntimeGpu=true</c>) tries it first; without a card, driver or
/// CUDA library that fits, the processor does it, and the report says so: its times are then not a GPU's.
/// </summary>
internal static class CudaOrProcessor
{
    private const string Provider = "CUDAExecutionProvider";

    /// <summary>Opens a model.</summary>
    /// <param name="providers">The providers of this build.</param>
    /// <param name="open">Opens it, on CUDA or on the processor.</param>
    /// <returns>It, how long the opening that worked took, and a note if the build has the provider.</returns>
    /// <exception cref="OnnxRuntimeException">It cannot be opened on the processor either: the model is at fault.</exception>
    public static (T Opened, TimeSpan Took, string? Note) Open<T>(IReadOnlyCollection<string> providers, Func<bool, T> open)
    {
        if (!providers.Contains(Provider, StringComparer.Ordinal))
        {
            return Timed(open, onCuda: false, null);
        }

        try
        {
            return Timed(open, onCuda: true, "ran on a GPU (CUDA)");
        }
        catch (OnnxRuntimeException e)
        {
            return Timed(open, onCuda: false, $"ran on the processor, because CUDA could not be used: {ModelOpening.FirstLine(e.Message)}");
        }
    }

    private static (T Opened, TimeSpan Took, string? Note) Timed<T>(Func<bool, T> open, bool onCuda, string? note)
    {
        var started = Stopwatch.GetTimestamp();
        return (open(onCuda), Stopwatch.GetElapsedTime(started), note);
    }
}
