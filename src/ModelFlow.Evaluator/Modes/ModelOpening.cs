using Microsoft.ML.OnnxRuntime;
using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator.Modes;

/// <summary>Checks a version's files and loads them; only what passed the managed checks is given to native code.</summary>
internal static class ModelOpening
{
    private static readonly HashSet<string> Pickles = new(["pickle", "pkl", "pytorch", "torch", "pt", "pth", "joblib", "sklearn", "scikit-learn", "ckpt", "dill"], StringComparer.OrdinalIgnoreCase);

    public static OpenedModel Open(ModelFolder folder, int threads)
    {
        if (Pickles.Contains(folder.Format))
        {
            return new OpenedModel.Refused("format", $"the format '{folder.Format}' is a Python pickle, which can run any code when it is loaded, so it is never opened; export the model to onnx or gguf");
        }

        if (!string.Equals(folder.Format, "onnx", StringComparison.OrdinalIgnoreCase))
        {
            return new OpenedModel.Refused("format", $"there is no evaluator for the format '{folder.Format}'; this one reads onnx and gguf");
        }

        switch (OnnxChecks.Check(folder.Directory))
        {
            case OnnxChecked.Refused refused:
                return new OpenedModel.Refused("inspection", refused.Reason);
            case OnnxChecked.Sound sound:
                try
                {
                    return new OpenedModel.Opened(OnnxModel.Load(sound, threads), sound.File);
                }
                catch (OnnxRuntimeException e)
                {
                    return new OpenedModel.Refused("inspection", $"'{Path.GetFileName(sound.Path)}' is refused by ONNX Runtime: {FirstLine(e.Message)}");
                }

            default:
                throw new InvalidOperationException("unknown outcome");
        }
    }

    /// <summary>The runtime's messages may be pages long and name files of this machine's build.</summary>
    public static string FirstLine(string message)
    {
        var line = message.AsSpan().Trim();
        var end = line.IndexOfAny('\r', '\n');
        line = end < 0 ? line : line[..end];
        return line.Length <= 500 ? line.ToString() : string.Concat(line[..500], "…");
    }
}

/// <summary>The outcome of opening a version.</summary>
internal abstract record OpenedModel
{
    private OpenedModel()
    {
    }

    /// <summary>It is loaded.</summary>
    public sealed record Opened(OnnxModel Model, OnnxFile File) : OpenedModel;

    /// <summary>It may not go on.</summary>
    public sealed record Refused(string By, string Reason) : OpenedModel;
}
