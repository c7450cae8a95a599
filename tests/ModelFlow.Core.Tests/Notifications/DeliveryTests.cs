using CsCheck;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Testing;

namespace ModelFlow.Core.Tests.Notifications;

public sealed class DeliveryTests
{
    private static readonly Delivery New = new() { Id = "r.1", At = Samples.Now, Body = "{}", NextTryAt = Samples.Now };

    [Fact]
    public void Delivery_that_never_arrives_is_given_up_after_three_days()
    {
        var delivery = New;
        var tries = 0;
        while (delivery.NextTryAt is { } at)
        {
            delivery = delivery.After(new DeliveryTry(at, TimeSpan.Zero, 500, "no"), null);
            tries++;
        }

        Assert.Equal((DeliverySchedule.MaxTries, DeliveryStatus.GivenUp), (tries, delivery.Status));
        Assert.InRange(delivery.Tries[^1].At - Samples.Now, TimeSpan.FromHours(75), TimeSpan.FromHours(83.5));
        Assert.Equal(DeliverySchedule.MaxTries, delivery.Tries.Count);
    }

    [Fact]
    public void Delivery_that_arrived_is_sent_no_more()
    {
        var arrived = New.After(new DeliveryTry(Samples.Now, TimeSpan.FromSeconds(1), 204, null), TimeSpan.FromHours(1));

        Assert.Equal((DeliveryStatus.Delivered, (DateTimeOffset?)null), (arrived.Status, arrived.NextTryAt));
    }

    [Fact]
    public void Delivery_that_is_sent_again_has_all_its_tries_anew_and_keeps_the_newest_of_the_old()
    {
        var delivery = New;
        for (var i = 0; i < 3 * Delivery.KeptTries; i++)
        {
            delivery = delivery.Again(Samples.Now).After(new DeliveryTry(Samples.Now.AddSeconds(i), TimeSpan.Zero, null, "no"), null);
        }

        Assert.Equal((1, DeliveryStatus.Pending, Delivery.KeptTries), (delivery.TriesSinceEntered, delivery.Status, delivery.Tries.Count));
        Assert.Equal(Samples.Now.AddSeconds((3 * Delivery.KeptTries) - 1), delivery.Tries[^1].At);
    }

    [Fact]
    public void Pause_is_the_schedules_or_what_the_receiver_asks_for_if_that_is_longer() => Gen.Select(Gen.Int[1, 9], Gen.Int[0, 200_000], Gen.String).Sample((tries, seconds, id) =>
    {
        var asked = TimeSpan.FromSeconds(seconds);
        var own = DeliverySchedule.Next(id, tries, Samples.Now, null)!.Value - Samples.Now;
        var next = DeliverySchedule.Next(id, tries, Samples.Now, asked)!.Value - Samples.Now;

        var bounded = asked > TimeSpan.FromHours(24) ? TimeSpan.FromHours(24) : asked;
        return next == (bounded > own ? bounded : own) && own >= TimeSpan.FromSeconds(5) && own <= TimeSpan.FromHours(26.5);
    });

    [Theory]
    [InlineData("*", "digits", true)]
    [InlineData("digits", "digits", true)]
    [InlineData("digits", "digits-2", false)]
    [InlineData("digits*", "digits-2", true)]
    [InlineData("digits-*", "digits", false)]
    public void Subscription_wants_what_happens_to_its_models(string models, string model, bool wanted)
    {
        var subscription = Subscription() with { Models = models };

        Assert.Equal(wanted, subscription.Wants(ModelName.Parse(model), "ended", Samples.Now));
    }

    [Fact]
    public void Subscription_wants_its_kinds_since_it_was_made()
    {
        var model = ModelName.Parse("digits");
        var all = Subscription();
        var some = all with { Events = ["ended", "harmFound"] };

        Assert.True(all.Wants(model, "looked", Samples.Now));
        Assert.False(all.Wants(model, "looked", Samples.Now.AddTicks(-1)));
        Assert.True(some.Wants(model, "harmFound", Samples.Now));
        Assert.False(some.Wants(model, "looked", Samples.Now));
    }

    [Fact]
    public void Older_keys_sign_until_their_end()
    {
        var subscription = Subscription() with { Keys = [new("new", null), new("old", Samples.Now)] };

        Assert.Equal(["new", "old"], subscription.KeysAt(Samples.Now.AddTicks(-1)).Select(k => k.Protected));
        Assert.Equal(["new"], subscription.KeysAt(Samples.Now).Select(k => k.Protected));
    }

    private static Subscription Subscription() => new() { Name = "ops", Shown = "", Address = "", Keys = [], Models = "*", CreatedBy = "alice", CreatedAt = Samples.Now };
}
