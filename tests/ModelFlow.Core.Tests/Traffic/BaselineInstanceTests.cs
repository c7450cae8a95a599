using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Traffic;

public sealed class BaselineInstanceTests
{
    private static readonly ReleaseId Release = ReleaseId.Parse("digits-v1.1.0-mlp-1");

    [Theory]
    [InlineData("v1.0.0", "v1.0.0-baseline.")]
    [InlineData("v1.0.0-base", "v1.0.0-baseline.")]
    [InlineData("v12345678901.12345678901.12345678901-large", "v0.0.0-baseline.")]
    public void Name_ofAnyVersion_isAVersionName_andKnownAgain(string stable, string begin)
    {
        var name = BaselineInstance.NameFor(Release, VersionName.Parse(stable));

        Assert.StartsWith(begin, name.Value, StringComparison.Ordinal);
        Assert.Equal(name, VersionName.Parse(name.Value));
        Assert.True(BaselineInstance.Is(name));
    }

    [Fact]
    public void Name_ofAnotherReleaseOrVersion_isAnother()
    {
        var stable = VersionName.Parse("v1.0.0-base");
        var names = Enumerable.Range(1, 50).Select(n => BaselineInstance.NameFor(Release with { Attempt = n }, stable)).Append(BaselineInstance.NameFor(Release, VersionName.Parse("v1.0.0-large"))).ToList();

        Assert.Equal(names, names.Distinct());
        Assert.Equal(names[0], BaselineInstance.NameFor(Release, stable));
    }

    [Theory]
    [InlineData("v1.0.0-baseline")]
    [InlineData("v1.0.0-baseline.large")]
    [InlineData("v1.0.0-baseline.kqmvjrhz")]
    [InlineData("v1.0.0-base")]
    public void Is_otherPurposes_areNone(string version) => Assert.False(BaselineInstance.Is(VersionName.Parse(version)));

    [Theory]
    [InlineData(500, 500, 5_000)]
    [InlineData(5_000, 5_000, 5_000)]
    [InlineData(7_500, 2_500, 7_500)]
    [InlineData(10_000, null, null)]
    public void Target_hasAsMuchAsTheCandidate_orWhatIsLeft(int candidate, int? weight, int? share)
    {
        var target = BaselineTarget.For(VersionName.Parse("v1.0.0-baseline.kqmvjrhg"), new Weight(candidate));

        Assert.Equal((weight, share), (target?.Weight.BasisPoints, target?.ShareOf(new Weight(candidate)).BasisPoints));
    }
}
