using CsCheck;
using ModelFlow.Evaluator.Onnx;
using ModelFlow.Testing;

namespace ModelFlow.Evaluator.Tests.Onnx;

public sealed class OnnxFileReaderTests
{
    [Fact]
    public void Read_smallModel_findsAllThatMatters()
    {
        var file = Read(OnnxBytes.Model());

        Assert.Equal(8, file.IrVersion);
        Assert.Equal("test", file.Producer);
        Assert.Equal(13, Assert.Single(file.OperatorSets).Value);
        Assert.Equal(("", "Identity"), Assert.Single(file.Operators));
        Assert.Equal("x FP32[-1,4]", Assert.Single(file.Signature.Inputs).ToString());
        Assert.Equal("y FP32[-1,4]", Assert.Single(file.Signature.Outputs).ToString());
    }

    [Fact]
    public void Read_initializerAmongTheInputs_isNoInput()
    {
        var file = Read(OnnxBytes.Model(
            OnnxBytes.Node("Add"),
            OnnxBytes.Message(5, OnnxBytes.Number(1, 4), OnnxBytes.Number(2, 1), OnnxBytes.Text(8, "w"), OnnxBytes.Message(9, new byte[16])),
            OnnxBytes.Value(11, "x"),
            OnnxBytes.Value(11, "w"),
            OnnxBytes.Value(12, "y")));

        Assert.Equal("x", Assert.Single(file.Signature.Inputs).Name);
    }

    [Fact]
    public void Read_operatorInASubgraph_isFound()
    {
        var inner = OnnxBytes.Message(5, OnnxBytes.Text(1, "then_branch"), OnnxBytes.Message(6, OnnxBytes.Node("Evil", "com.evil")));

        var file = Read(OnnxBytes.Model(OnnxBytes.Node("If", "", inner), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

        Assert.Contains(("com.evil", "Evil"), file.Operators);
    }

    [Fact]
    public void Read_externalDataInAnAttribute_isFound()
    {
        var constant = OnnxBytes.Message(5, OnnxBytes.Text(1, "value"), OnnxBytes.External(5, "../secret"));

        var file = Read(OnnxBytes.Model(OnnxBytes.Node("Constant", "", constant), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

        Assert.Equal("../secret", Assert.Single(file.ExternalData).Location);
    }

    [Fact]
    public void Read_samples_sameAsWhatTheyWereMadeAs()
    {
        foreach (var path in Directory.EnumerateFiles(EvaluatorProcess.Digits, "*.onnx").Where(p => !p.Contains("truncated", StringComparison.Ordinal)))
        {
            var file = Read(File.ReadAllBytes(path));
            Assert.Equal("train_digits.py", file.Producer);
            Assert.Equal(["label INT64[-1]", "probabilities FP32[-1,10]"], file.Signature.Outputs.Select(o => o.ToString()), StringComparer.Ordinal);
        }
    }

    [Fact]
    public void Read_cutAnywhere_refusedAsDamagedAndNothingElse()
    {
        var whole = OnnxBytes.Model();
        for (var length = 0; length < whole.Length; length++)
        {
            // Cut between two fields of the model it is shorter, and whole in itself; else it must be refused.
            var cut = whole[..length];
            try
            {
                var file = Read(cut);
                Assert.True(file.OperatorSets.Count < 2);
                Assert.Equal("y", file.Outputs[0].Name);
            }
            catch (InvalidDataException e)
            {
                Assert.NotEmpty(e.Message);
            }
        }
    }

    // Whatever bytes come, the reader ends with a result or with InvalidDataException: never another exception, never a hang.
    [Fact]
    public void Read_flippedBytes_resultOrRefusal()
    {
        var whole = File.ReadAllBytes(Path.Combine(EvaluatorProcess.Digits, "v1.0.0-base.onnx"));
        Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte).Array[1, 20].Sample(
            flips =>
            {
                var damaged = whole.ToArray();
                foreach (var (at, value) in flips)
                {
                    damaged[at] = value;
                }

                ReadOrRefuse(damaged);
            },
            iter: 3_000);
    }

    [Fact]
    public void Read_anyBytes_resultOrRefusal() => Gen.Byte.Array[0, 200].Sample(ReadOrRefuse, iter: 20_000);

    [Fact]
    public void Read_graphsNestedWithoutEnd_refused()
    {
        var graph = OnnxBytes.Node("Identity");
        for (var i = 0; i < 200; i++)
        {
            graph = OnnxBytes.Node("If", "", OnnxBytes.Message(5, OnnxBytes.Message(6, graph)));
        }

        var e = Assert.Throws<InvalidDataException>(() => Read(OnnxBytes.Model(graph)));
        Assert.Contains("nested deeper", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_lengthBeyondTheEnd_refusedWithoutReadingIt()
    {
        byte[] bytes = [.. OnnxBytes.Number(1, 8), .. OnnxBytes.Varint((7 << 3) | 2), .. OnnxBytes.Varint(ulong.MaxValue)];

        Assert.Contains("cut off", Assert.Throws<InvalidDataException>(() => Read(bytes)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Read_trainingProgram_refused() =>
        Assert.Contains("training", Assert.Throws<InvalidDataException>(() => Read(OnnxBytes.ModelWith(OnnxBytes.Message(20, [])))).Message, StringComparison.Ordinal);

    private static OnnxFile Read(byte[] bytes) => OnnxFileReader.Read(new MemoryStream(bytes));

    private static void ReadOrRefuse(byte[] bytes)
    {
        try
        {
            Read(bytes);
        }
        catch (InvalidDataException)
        {
            // Refused: as good as a result.
        }
    }
}
