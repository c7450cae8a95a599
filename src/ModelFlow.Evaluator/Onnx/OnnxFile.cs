using ModelFlow.Core.Inspection;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>What a managed reading of an ONNX file found, before any native code sees it.</summary>
internal sealed record OnnxFile
{
    public long IrVersion { get; set; }

    public string Producer { get; set; } = "";

    /// <summary>Operator set versions by domain; the empty domain is ONNX's own.</summary>
    public SortedDictionary<string, long> OperatorSets { get; } = new(StringComparer.Ordinal);

    /// <summary>Every operator that is used, as domain and type.</summary>
    public HashSet<(string Domain, string Operator)> Operators { get; } = [];

    /// <summary>Functions the file defines itself; calling them is calling their nodes.</summary>
    public HashSet<(string Domain, string Operator)> Functions { get; } = [];

    /// <summary>Tensors whose data lies in other files.</summary>
    public List<ExternalData> ExternalData { get; } = [];

    /// <summary>Names with data in the file: graph inputs that need not be given.</summary>
    public HashSet<string> Initializers { get; } = new(StringComparer.Ordinal);

    public List<TensorSignature> Inputs { get; } = [];

    public List<TensorSignature> Outputs { get; } = [];

    public int Nodes { get; set; }

    public ModelSignature Signature => new([.. Inputs.Where(i => !Initializers.Contains(i.Name))], Outputs);
}

/// <summary>A reference to a tensor's data in another file.</summary>
internal sealed record ExternalData(string Tensor, string Location, long Offset, long Length);
