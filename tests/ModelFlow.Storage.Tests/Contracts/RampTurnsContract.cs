using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every keeper of turns must do.</summary>
public abstract class RampTurnsContract
{
    protected ModelName Model { get; } = ModelName.Parse(Unique.Label("digits"));

    protected abstract IRampTurns Turns { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Turn_goes_to_the_first_and_stays()
    {
        Assert.Null(await Turns.GetAsync(Model, Cancel));
        Assert.Equal(Release(1), await Turns.TakeAsync(Release(1), Samples.Now, Cancel));
        Assert.Equal(Release(1), await Turns.TakeAsync(Release(2), Samples.Now, Cancel));
        Assert.Equal(Release(1), await Turns.TakeAsync(Release(1), Samples.Now, Cancel));
        Assert.Equal(Release(1), await Turns.GetAsync(Model, Cancel));
    }

    [Fact]
    public async Task Turn_that_is_returned_can_be_taken()
    {
        await Turns.TakeAsync(Release(1), Samples.Now, Cancel);

        await Turns.ReturnAsync(Release(1), Cancel);

        Assert.Null(await Turns.GetAsync(Model, Cancel));
        Assert.Equal(Release(2), await Turns.TakeAsync(Release(2), Samples.Now, Cancel));
    }

    [Fact]
    public async Task Turn_of_another_is_not_returned()
    {
        await Turns.TakeAsync(Release(1), Samples.Now, Cancel);

        await Turns.ReturnAsync(Release(2), Cancel);

        Assert.Equal(Release(1), await Turns.GetAsync(Model, Cancel));
    }

    [Fact]
    public async Task Return_of_no_turn_is_no_error()
    {
        await Turns.ReturnAsync(Release(1), Cancel);

        Assert.Null(await Turns.GetAsync(Model, Cancel));
    }

    [Fact]
    public async Task Racing_takers_all_see_one_holder()
    {
        var holders = await Task.WhenAll(Enumerable.Range(1, 12).Select(i => Turns.TakeAsync(Release(i), Samples.Now, Cancel)));

        Assert.Single(holders.Distinct());
        Assert.Equal(holders[0], await Turns.GetAsync(Model, Cancel));
    }

    private ReleaseId Release(int attempt) => new(Model, VersionName.Parse("v1.0.0"), attempt);
}
