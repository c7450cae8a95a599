using System.IO.Compression;
using ModelFlow.Evaluator.Onnx;
using ModelFlow.Testing;

namespace ModelFlow.Evaluator.Tests.Onnx;

public sealed class OnnxChecksTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("modelflow-onnx-checks").FullName;

    [Fact]
    public void Check_smallModel_sound()
    {
        Write("model.onnx", OnnxBytes.Model());
        Write("README.md", "notes"u8.ToArray());

        Assert.IsType<OnnxChecked.Sound>(OnnxChecks.Check(_folder));
    }

    [Fact]
    public void Check_noModelFile_refused()
    {
        Write("weights.bin", [1, 2, 3]);

        Assert.Contains("no .onnx file", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_severalModelFiles_needsOneCalledModel()
    {
        Write("a.onnx", OnnxBytes.Model());
        Write("b.onnx", OnnxBytes.Model());
        Assert.Contains("model.onnx", Refusal(), StringComparison.Ordinal);

        Write("model.onnx", OnnxBytes.Model());
        Assert.IsType<OnnxChecked.Sound>(OnnxChecks.Check(_folder));
    }

    [Theory]
    [InlineData("com.evil", false)]
    [InlineData("ai.onnx.contrib", false)]
    [InlineData("ai.onnx.ml", true)]
    [InlineData("com.microsoft", true)]
    public void Check_operatorDomain(string domain, bool sound)
    {
        Write("model.onnx", OnnxBytes.Model(OnnxBytes.Node("Op", domain), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

        if (sound)
        {
            Assert.IsType<OnnxChecked.Sound>(OnnxChecks.Check(_folder));
        }
        else
        {
            Assert.Contains($"custom operators ({domain}:Op)", Refusal(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Check_functionDefinedInTheFile_sound()
    {
        var function = OnnxBytes.Message(25, OnnxBytes.Text(1, "Twice"), OnnxBytes.Text(10, "my.functions"), OnnxBytes.Message(7, OnnxBytes.Text(4, "Add")));
        Write("model.onnx", OnnxBytes.ModelWith(function, OnnxBytes.Node("Twice", "my.functions"), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

        Assert.IsType<OnnxChecked.Sound>(OnnxChecks.Check(_folder));
    }

    [Fact]
    public void Check_customOperatorInsideAFunction_refused()
    {
        var function = OnnxBytes.Message(25, OnnxBytes.Text(1, "Twice"), OnnxBytes.Text(10, "my.functions"), OnnxBytes.Message(7, OnnxBytes.Text(4, "Run"), OnnxBytes.Text(7, "com.evil")));
        Write("model.onnx", OnnxBytes.ModelWith(function, OnnxBytes.Node("Twice", "my.functions"), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

        Assert.Contains("com.evil:Run", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../weights.bin")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../weights.bin")]
    [InlineData("..\\weights.bin")]
    [InlineData("C:weights.bin")]
    [InlineData("./weights.bin")]
    [InlineData("")]
    public void Check_externalDataThatMayLeadOut_refused(string location)
    {
        WriteExternal(location);

        Assert.Contains("may lead out of the version's folder", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_externalDataBehindALink_refused()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "weights.bin"), "/etc/passwd");
        WriteExternal("weights.bin");

        Assert.Contains("holds the link", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_externalDataBehindALinkedFolder_refused()
    {
        File.CreateSymbolicLink(Path.Combine(_folder, "sub"), "/etc");
        WriteExternal("sub/passwd");

        Assert.Contains("holds the link", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0", "16", true)]
    [InlineData("16", "16", true)]
    [InlineData("17", "16", false)]
    [InlineData("0", "33", false)]
    [InlineData("9223372036854775807", "9223372036854775807", false)]
    public void Check_externalDataWithinTheFile(string offset, string length, bool sound)
    {
        Write("weights.bin", new byte[32]);
        WriteExternal("weights.bin", offset, length);

        Assert.Equal(sound, OnnxChecks.Check(_folder) is OnnxChecked.Sound);
    }

    [Theory]
    [InlineData("-1")]
    [InlineData("1e3")]
    public void Check_externalDataOffsetThatIsNoNumber_refused(string offset)
    {
        Write("weights.bin", new byte[32]);
        WriteExternal("weights.bin", offset);

        Assert.Contains("no number", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_externalDataMissing_refused()
    {
        WriteExternal("weights.bin");

        Assert.Contains("not among the version's files", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_compiledContext_refused()
    {
        Write("model.onnx", OnnxBytes.Model(OnnxBytes.Node("EPContext", "com.microsoft"), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

        Assert.Contains("EPContext", Refusal(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("preprocess.pkl", new byte[] { 1 })]
    [InlineData("model.pt", new byte[] { 1 })]
    [InlineData("anything", new byte[] { 0x80, 0x04, 0x95, 0x10, 0x00 })]
    [InlineData("old.bin", new byte[] { 0x80, 0x02, 0x8a, 0x0a, 0x6c })]
    public void Check_pickleBesideTheModel_refused(string name, byte[] content)
    {
        Write("model.onnx", OnnxBytes.Model());
        Write(name, content);

        Assert.Contains("can run any code", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_pickleNamedAsModel_refused()
    {
        Write("model.onnx", [0x80, 0x04, 0x95, 0x10, 0x00, (byte)'.']);

        Assert.Contains("is a Python pickle", Refusal(), StringComparison.Ordinal);
    }

    [Fact]
    public void Check_archiveWithAPickle_refused()
    {
        Write("model.onnx", OnnxBytes.Model());
        using (var archive = ZipFile.Open(Path.Combine(_folder, "weights.bin"), ZipArchiveMode.Create))
        {
            archive.CreateEntry("archive/data.pkl");
        }

        Assert.Contains("archive/data.pkl", Refusal(), StringComparison.Ordinal);
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private void WriteExternal(string location, string offset = "0", string length = "16") =>
        Write("model.onnx", OnnxBytes.Model(OnnxBytes.Node("Identity"), OnnxBytes.External(5, location, offset, length), OnnxBytes.Value(11, "x"), OnnxBytes.Value(12, "y")));

    private void Write(string name, byte[] content) => File.WriteAllBytes(Path.Combine(_folder, name), content);

    private string Refusal() => Assert.IsType<OnnxChecked.Refused>(OnnxChecks.Check(_folder)).Reason;
}
