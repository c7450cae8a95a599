using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Tests.Naming;

public sealed class VersionNameTests
{
    [Theory]
    [InlineData("v1.0.0")]
    [InlineData("v1.0.0-base")]
    [InlineData("v1.2.3-finetune-on-datasetX")]
    [InlineData("v10.20.30-rc.1")]
    [InlineData("v2.0.0-large-7b")]
    public void Parse_wellFormedName_keepsItAsWritten(string text) => Assert.Equal(text, VersionName.Parse(text).ToString());

    [Theory]
    [InlineData("latest", "Name a version")]
    [InlineData("stable", "Name a version")]
    [InlineData("1.0.0", "lower-case 'v'")]
    [InlineData("V1.0.0", "lower-case 'v'")]
    [InlineData("v1.0", "semantic version")]
    [InlineData("v01.0.0", "leading zeros")]
    [InlineData("v1.0.0-01", "leading zeros")]
    [InlineData("v1.0.0+build5", "manifest")]
    [InlineData("v1.0.0-20260131", "lineage.trainedAt")]
    [InlineData("v1.0.0-run-2026-01-31T1200", "lineage.trainedAt")]
    [InlineData("v1.0.0-3fa9c21", "lineage.dataset.sha256")]
    [InlineData("v1.0.0-base model", "semantic version")]
    [InlineData("", "needed")]
    [InlineData("v1.0.0-a-purpose-that-is-much-too-long-to-be-a-good-name", "at most 48")]
    public void TryParse_badName_saysWhereItBelongs(string text, string remedy)
    {
        Assert.False(VersionName.TryParse(text, out _, out var error));
        Assert.Contains(remedy, error, StringComparison.Ordinal);
    }

    [Fact]
    public void CompareTo_numbers_notText() => Assert.True(VersionName.Parse("v1.10.0") > VersionName.Parse("v1.9.0-z"));

    [Fact]
    public void IsSiblingOf_sameNumbersOtherPurpose_true() =>
        Assert.True(VersionName.Parse("v1.0.0-a").IsSiblingOf(VersionName.Parse("v1.0.0-b")));

    [Fact]
    public void Key_lettersOfOtherCase_same() =>
        Assert.Equal(VersionName.Parse("v1.0.0-datasetX").Key, VersionName.Parse("v1.0.0-DatasetX").Key);
}
