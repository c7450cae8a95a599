using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Tests;

public sealed class GatewayClockTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);

    private readonly TwoClocks _time = new();

    [Fact]
    public void Now_wallClockSetBack_goesOnAsIfNothingHappened()
    {
        var clock = new GatewayClock(_time);
        _time.Pass(TimeSpan.FromSeconds(10));
        _time.Wall -= TimeSpan.FromHours(1);
        clock.CatchUp();
        Assert.Equal(Start.AddSeconds(10), clock.Now);
    }

    [Fact]
    public void Now_machineSlept_isTheWallClocksTimeAfterTheNextLook()
    {
        var clock = new GatewayClock(_time);
        _time.Wall += TimeSpan.FromHours(1);
        Assert.Equal(Start, clock.Now);
        clock.CatchUp();
        Assert.Equal(Start.AddHours(1), clock.Now);
        _time.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal(Start.AddHours(1).AddSeconds(1), clock.Now);
    }

    private sealed class TwoClocks : TimeProvider
    {
        private long _monotonic;

        public DateTimeOffset Wall { get; set; } = Start;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public void Pass(TimeSpan time)
        {
            Wall += time;
            _monotonic += time.Ticks;
        }

        public override long GetTimestamp() => _monotonic;

        public override DateTimeOffset GetUtcNow() => Wall;
    }
}
