namespace ModelFlow.Evaluator.Onnx;

/// <summary>What a version's ONNX file may hold to be loaded at all.</summary>
internal static class OnnxChecks
{
    /// <summary>Protocol Buffers cannot hold more in one message; larger models keep their weights in files beside it.</summary>
    private const long LargestFile = int.MaxValue;

    private const int MostTensors = 1_000;

    private static readonly HashSet<string> Domains = new(["", "ai.onnx", "ai.onnx.ml", "com.microsoft"], StringComparer.Ordinal);

    /// <summary>Reads and checks the model file in <paramref name="directory"/>.</summary>
    public static OnnxChecked Check(string directory)
    {
        if (VersionFolder.Problem(directory) is { } unfit)
        {
            return new OnnxChecked.Refused(unfit);
        }

        var models = Directory.GetFiles(directory, "*.onnx", SearchOption.TopDirectoryOnly);
        var path = models.Length == 1 ? models[0] : models.FirstOrDefault(m => string.Equals(Path.GetFileName(m), "model.onnx", StringComparison.Ordinal));
        if (path is null)
        {
            return new OnnxChecked.Refused(models.Length == 0
                ? "there is no .onnx file at the top of the version's folder"
                : $"there are {models.Length} .onnx files and none is called model.onnx, so it cannot be told which one is the model");
        }

        var name = Path.GetFileName(path);
        OnnxFile file;
        try
        {
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 64 * 1024);
            if (stream.Length > LargestFile)
            {
                return new OnnxChecked.Refused($"'{name}' has {stream.Length} bytes; an ONNX file has at most 2 GiB, keep the weights in files beside it");
            }

            file = OnnxFileReader.Read(stream);
        }
        catch (InvalidDataException e)
        {
            return new OnnxChecked.Refused($"'{name}' does not parse as ONNX: {e.Message}");
        }

        return Problem(file, directory) is { } problem ? new OnnxChecked.Refused($"'{name}': {problem}") : new OnnxChecked.Sound(path, file);
    }

    private static string? Problem(OnnxFile file, string directory)
    {
        var custom = file.Operators
            .Where(o => !Domains.Contains(o.Domain) && !file.Functions.Contains(o))
            .Select(o => $"{o.Domain}:{o.Operator}")
            .Order(StringComparer.Ordinal)
            .ToList();
        if (custom.Count > 0)
        {
            return $"it uses custom operators ({string.Join(", ", custom.Take(5))}{(custom.Count > 5 ? ", …" : "")}), which would need foreign native code; use the operators of ai.onnx, ai.onnx.ml and com.microsoft";
        }

        if (file.Operators.Contains(("com.microsoft", "EPContext")))
        {
            return "it holds a compiled context for one device (EPContext), which names other files and cannot be checked; export the model itself";
        }

        var signature = file.Signature;
        foreach (var tensor in signature.Inputs.Concat(signature.Outputs))
        {
            if (tensor.Name.Length == 0 || tensor.Datatype.Length == 0)
            {
                return "an input or output has no name or no type";
            }
        }

        if (signature.Inputs.Count == 0 || signature.Outputs.Count == 0)
        {
            return $"it has {signature.Inputs.Count} inputs and {signature.Outputs.Count} outputs; at least one of each is needed";
        }

        if (signature.Inputs.Count > MostTensors || signature.Outputs.Count > MostTensors)
        {
            return $"it has {signature.Inputs.Count} inputs and {signature.Outputs.Count} outputs; at most {MostTensors} of each are allowed";
        }

        return file.ExternalData.Select(e => Problem(e, directory)).FirstOrDefault(p => p is not null);
    }

    private static string? Problem(ExternalData data, string directory)
    {
        var where = $"tensor '{data.Tensor}' keeps its data in '{data.Location}'";
        var segments = data.Location.Split('/');
        if (data.Location.Length == 0 || Path.IsPathRooted(data.Location) || data.Location.Contains('\\', StringComparison.Ordinal)
            || data.Location.Contains(':', StringComparison.Ordinal) || segments.Any(s => s is "" or "." or ".."))
        {
            return $"{where}, which may lead out of the version's folder; use the plain name of a file beside the model";
        }

        var info = new FileInfo(Path.Combine(directory, data.Location));
        if (!info.Exists)
        {
            return $"{where}, which is not among the version's files; add it to the manifest";
        }

        return data.Offset <= info.Length && data.Length <= info.Length - data.Offset
            ? null
            : $"{where} at {data.Offset} with {data.Length} bytes, but that file has {info.Length} bytes";
    }
}

/// <summary>The outcome of checking a version's ONNX file.</summary>
internal abstract record OnnxChecked
{
    private OnnxChecked()
    {
    }

    /// <summary>It may be given to the runtime.</summary>
    public sealed record Sound(string Path, OnnxFile File) : OnnxChecked;

    /// <summary>It may not; why.</summary>
    public sealed record Refused(string Reason) : OnnxChecked;
}
