using Microsoft.Extensions.Time.Testing;
using ModelFlow.LocalHost.Leasing;

namespace ModelFlow.LocalHost.Tests.Leasing;

/// <summary>A term is over when its time is or when it was ended, whichever comes first.</summary>
public sealed class LeaseTermTests
{
    private readonly FakeTimeProvider _time = new();

    [Fact]
    public void Term_is_held_to_the_last_tick_of_its_time_and_not_in_the_next()
    {
        var term = new LeaseTerm(7, After(TimeSpan.FromSeconds(4)), _time, CancellationToken.None);

        _time.Advance(TimeSpan.FromSeconds(4) - TimeSpan.FromTicks(1));
        Assert.True(term.IsHeld);
        _time.Advance(TimeSpan.FromTicks(1));

        Assert.False(term.IsHeld);
        Assert.Equal(7, term.Epoch);
    }

    [Fact]
    public void Renewal_lengthens_it_from_when_it_was_begun()
    {
        var term = new LeaseTerm(1, After(TimeSpan.FromSeconds(4)), _time, CancellationToken.None);
        _time.Advance(TimeSpan.FromSeconds(3));

        term.Extend(After(TimeSpan.FromSeconds(4)));

        _time.Advance(TimeSpan.FromSeconds(3.9));
        Assert.True(term.IsHeld);
    }

    [Fact]
    public void Ended_term_is_not_held_however_much_time_is_left()
    {
        using var ending = new CancellationTokenSource();
        var term = new LeaseTerm(1, After(TimeSpan.FromHours(1)), _time, ending.Token);
        Assert.True(term.IsHeld);

        ending.Cancel();

        Assert.False(term.IsHeld);
    }

    private long After(TimeSpan time) => _time.GetTimestamp() + (long)(time.TotalSeconds * _time.TimestampFrequency);
}
