using ModelFlow.Core.Inspection;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Inspection;

public sealed class SignatureComparisonTests
{
    private static readonly ModelSignature Digits = new(
        [new TensorSignature("pixels", "FP32", [-1, 64])],
        [new TensorSignature("label", "INT64", [-1]), new TensorSignature("probabilities", "FP32", [-1, 10])]);

    [Fact]
    public void Compare_equal_same()
    {
        var comparison = SignatureComparison.Compare(Digits, new ModelSignature([.. Digits.Inputs], [.. Digits.Outputs]));

        Assert.Equal(SignatureChange.Same, comparison.Change);
        Assert.Empty(comparison.Differences);
    }

    [Fact]
    public void Compare_otherInput_breakingAndSaysWhatItNeeds()
    {
        var comparison = SignatureComparison.Compare(Digits, Digits with { Inputs = [new TensorSignature("image", "FP32", [-1, 1, 8, 8])] });

        Assert.Equal(SignatureChange.Breaking, comparison.Change);
        Assert.Equal(["input pixels FP32[-1,64] is gone", "input image FP32[-1,1,8,8] is new"], comparison.Differences);
        Assert.Contains("signature.breaking: cutOver", comparison.Message, StringComparison.Ordinal);
        Assert.Contains("one step", comparison.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Compare_otherOrder_compatible() =>
        Assert.Equal(SignatureChange.Compatible, SignatureComparison.Compare(Digits, Digits with { Outputs = [.. Digits.Outputs.Reverse()] }).Change);

    [Theory]
    [InlineData("FP32", new long[] { -1, -1 }, SignatureChange.Compatible)] // takes more
    [InlineData("FP32", new long[] { 1, 64 }, SignatureChange.Breaking)] // batches are no longer taken
    [InlineData("FP32", new long[] { -1, 65 }, SignatureChange.Breaking)]
    [InlineData("FP32", new long[] { -1, 64, 1 }, SignatureChange.Breaking)]
    [InlineData("FP16", new long[] { -1, 64 }, SignatureChange.Breaking)]
    public void Compare_inputChanged(string datatype, long[] shape, SignatureChange expected) =>
        Assert.Equal(expected, SignatureComparison.Compare(Digits, Digits with { Inputs = [new TensorSignature("pixels", datatype, shape)] }).Change);

    [Theory]
    [InlineData("INT64", new long[] { 1 }, SignatureChange.Compatible)] // more definite than before
    [InlineData("INT32", new long[] { -1 }, SignatureChange.Breaking)]
    [InlineData("INT64", new long[] { -1, 1 }, SignatureChange.Breaking)]
    public void Compare_outputChanged(string datatype, long[] shape, SignatureChange expected) =>
        Assert.Equal(expected, SignatureComparison.Compare(Digits, Digits with { Outputs = [new TensorSignature("label", datatype, shape), Digits.Outputs[1]] }).Change);

    [Fact]
    public void Compare_outputAdded_compatibleOutputGone_breaking()
    {
        var fewer = Digits with { Outputs = [Digits.Outputs[0]] };

        Assert.Equal(SignatureChange.Compatible, SignatureComparison.Compare(fewer, Digits).Change);
        Assert.Equal(SignatureChange.Breaking, SignatureComparison.Compare(Digits, fewer).Change);
    }

    [Fact]
    public void Compare_languageModels_contextAndTemplateDecide()
    {
        var stable = new TextSignature(256, 1024, Sha256Digest.Of("a"), null);
        Assert.Equal(SignatureChange.Same, Change(stable, stable with { }));
        Assert.Equal(SignatureChange.Compatible, Change(stable, stable with { ContextLength = 512 }));
        Assert.Equal(SignatureChange.Breaking, Change(stable, stable with { ContextLength = 128 }));
        Assert.Equal(SignatureChange.Compatible, Change(stable, stable with { Tokenizer = Sha256Digest.Of("b"), VocabularySize = 32_000 }));
        Assert.Equal(SignatureChange.Compatible, Change(stable, stable with { ChatTemplate = Sha256Digest.Of("t") }));
        Assert.Equal(SignatureChange.Breaking, Change(stable with { ChatTemplate = Sha256Digest.Of("t") }, stable));

        static SignatureChange Change(TextSignature was, TextSignature now) => SignatureComparison.Compare(ModelSignature.OfText(was), ModelSignature.OfText(now)).Change;
    }

    [Fact]
    public void Compare_classifierAndLanguageModel_break()
    {
        var tensors = new ModelSignature([new TensorSignature("x", "FP32", [-1])], [new TensorSignature("y", "FP32", [-1])]);
        var text = ModelSignature.OfText(new TextSignature(256, 1024, Sha256Digest.Of("a"), null));
        Assert.Equal(SignatureChange.Breaking, SignatureComparison.Compare(tensors, text).Change);
        Assert.Equal(SignatureChange.Breaking, SignatureComparison.Compare(text, tensors).Change);
    }
}
