using ModelFlow.Benchmarks.Analysis;
using ModelFlow.Benchmarks.Analysis.Rivals;
using ModelFlow.Core.Naming;

namespace ModelFlow.Benchmarks.Tests.Analysis.Rivals;

public sealed class FlaggerJudgeTests
{
    private static readonly SideOfMinute Good = Minutes.Of(1_000, 1, 100);
    private static readonly SideOfMinute Bad = Minutes.Of(1_000, 20, 100);

    // "Halt advancement success rate %.2f%% < %v%%": the minimum itself passes.
    [Theory]
    [InlineData(10, null)]
    [InlineData(11, "request-success-rate")]
    public void Success_rate_may_be_the_minimum(long errors, string? failed) => Assert.Equal(failed, FlaggerJudge.Failed(Minutes.Of(1_000, errors, 100), FlaggerRule.Documented));

    [Theory]
    [InlineData(490, null)]
    [InlineData(520, "request-duration")]
    public void Duration_beyond_the_maximum_fails(double milliseconds, string? failed) =>
        Assert.Equal(failed, FlaggerJudge.Failed(Minutes.Of(1_000, 0, milliseconds), FlaggerRule.Documented));

    [Fact]
    public void Metric_without_values_fails() => Assert.Equal("no values found", FlaggerJudge.Failed(Minutes.Of(0, 0, 100), FlaggerRule.Documented));

    [Fact]
    public void Quality_is_compared_where_a_constant_is_given()
    {
        Assert.Null(FlaggerJudge.Failed(Good, FlaggerRule.Documented with { MostLostMarks = 0.21 }));
        Assert.Equal("quality", FlaggerJudge.Failed(Good, FlaggerRule.Documented with { MostLostMarks = 0.19 }));
    }

    [Fact]
    public void Failed_checks_add_up_and_are_never_taken_back()
    {
        var judge = new FlaggerJudge(FlaggerRule.Documented);

        for (var i = 0; i < 4; i++)
        {
            Assert.Null(Look(judge, Bad));
            Assert.Null(Look(judge, Good));
        }

        Assert.Equal("request-success-rate", Look(judge, Bad));
    }

    private static string? Look(FlaggerJudge judge, SideOfMinute candidate) =>
        judge.Look(new Second(59, new Weight(500), 1, new SideOfSecond([]), new SideOfSecond([]), 0), new Minute(0, 1, Good, candidate));
}
