using CsCheck;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Naming;

public sealed class ReleaseIdTests
{
    [Fact]
    public void Parse_whatToStringWrote_givesItBack()
    {
        var models = AnyOf("digits", "a", "x-v1", "v1-v2", "m-v1-2");
        var versions = AnyOf("v1.0.0", "v1.2.0-mlp", "v1.0.0-1-2", "v0.0.1-x.1-v2.0.0", "v12.0.3-finetune-on-datasetX");
        Gen.Select(models, versions, Gen.Int[1, 99_999]).Sample((model, version, attempt) =>
        {
            var id = new ReleaseId(ModelName.Parse(model), VersionName.Parse(version), attempt);
            Assert.Equal(id, ReleaseId.Parse(id.ToString()));
        });
    }

    [Theory]
    [InlineData("digits")]
    [InlineData("digits-v1.0.0")]
    [InlineData("digits-v1.0.0-0")]
    [InlineData("Digits-v1.0.0-1")]
    public void TryParse_otherText_false(string text) => Assert.False(ReleaseId.TryParse(text, out _, out _));

    private static Gen<string> AnyOf(params string[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
