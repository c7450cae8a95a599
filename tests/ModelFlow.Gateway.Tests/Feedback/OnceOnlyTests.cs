using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Feedback;

namespace ModelFlow.Gateway.Tests.Feedback;

public sealed class OnceOnlyTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    [Fact]
    public void Take_manyIds_takesEachOnceAndRefusesHardlyAnyNewOne()
    {
        const int Ids = 200_000;
        var once = new OnceOnly(Ids, TimeSpan.FromHours(1));
        var wronglyKnown = Enumerable.Range(0, Ids).Count(i => once.Take(Id(i), Start) == Took.Known);

        // Expected: at most 200,000 / 7,000, about 29.
        Assert.InRange(wronglyKnown, 0, 60);
        Assert.All(Enumerable.Range(0, Ids), i => Assert.Equal(Took.Known, once.Take(Id(i), Start)));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(59)]
    [InlineData(60)]
    [InlineData(119)]
    public void Take_again_isKnownForAsLongAsItMustBe(int firstAtMinute)
    {
        var once = new OnceOnly(1_000, TimeSpan.FromHours(1));
        once.Take(Id(-1), Start);
        Assert.Equal(Took.New, once.Take(Id(1), Start.AddMinutes(firstAtMinute)));
        for (var minute = 0; minute < 60; minute++)
        {
            // Others in between make the filters take turns.
            once.Take(Id(1_000 + minute), Start.AddMinutes(firstAtMinute + minute));
            Assert.Equal(Took.Known, once.Take(Id(1), Start.AddMinutes(firstAtMinute + minute)));
        }

        Assert.Equal(Took.New, once.Take(Id(1), Start.AddMinutes(firstAtMinute + 240)));
    }

    [Fact]
    public void Take_beyondItsCapacity_isRefusedAndForgetsNothing()
    {
        var once = new OnceOnly(100, TimeSpan.FromHours(1));
        Assert.All(Enumerable.Range(0, 100), i => Assert.Equal(Took.New, once.Take(Id(i), Start)));
        Assert.Equal(Took.Full, once.Take(Id(100), Start));
        Assert.Equal(Took.Known, once.Take(Id(0), Start));
        Assert.Equal(Took.New, once.Take(Id(100), Start.AddHours(1)));
        Assert.Equal(Took.Known, once.Take(Id(0), Start.AddHours(1)));
    }

    private static RequestId Id(int n) => new(Start.AddMilliseconds(n / 100), (ulong)n, 1, 0, 0);
}
