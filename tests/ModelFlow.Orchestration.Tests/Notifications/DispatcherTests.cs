using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Orchestration.Tests.Notifications;

public sealed class DispatcherTests
{
    private readonly FakeTimeProvider _time = new(Samples.Now);
    private readonly InMemorySubscriptionStore _subscriptions = new();
    private readonly InMemoryDeliveryStore _deliveries = new();
    private readonly InMemoryAuditLog _audit = new();
    private readonly FakeSender _sender;
    private readonly Dispatcher _dispatcher;

    public DispatcherTests()
    {
        _sender = new FakeSender(_time);
        _dispatcher = new Dispatcher(_subscriptions, _deliveries, _sender, _audit, _time, NullLogger<Dispatcher>.Instance);
    }

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Everything_that_is_due_is_sent_once()
    {
        await SubscribeAsync("a", messages: 45);
        await SubscribeAsync("b", messages: 3);

        Assert.Equal(48, await _dispatcher.SendDueAsync(Cancel));

        Assert.Equal(0, await _dispatcher.SendDueAsync(Cancel));
        Assert.All((await _deliveries.ListAsync("a", 100, null, Cancel)).Items, d => Assert.Equal((DeliveryStatus.Delivered, 1), (d.Status, d.Tries.Count)));
    }

    [Fact]
    public async Task Receiver_that_fails_is_left_alone_for_a_while_and_costs_others_nothing()
    {
        await SubscribeAsync("bad", messages: 5);
        await SubscribeAsync("good", messages: 5);
        _sender.Status["bad"] = 500;

        Assert.Equal(5, await _dispatcher.SendDueAsync(Cancel));
        await _dispatcher.SendDueAsync(Cancel);
        Assert.Equal(1, _sender.Sent.Count(s => s == "bad"));
        for (var second = 0; second < 300; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await _dispatcher.SendDueAsync(Cancel);
        }

        // Rests of 5, 10, 20, 40, 80 and 160 seconds: six more tries in five minutes, whatever is due.
        Assert.InRange(_sender.Sent.Count(s => s == "bad"), 6, 7);
        _sender.Status["bad"] = 204;
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(5, await _dispatcher.SendDueAsync(Cancel));
    }

    [Fact]
    public async Task Paused_subscription_is_sent_what_waited_when_it_is_resumed()
    {
        await SubscribeAsync("a", messages: 2);
        await _subscriptions.UpdateAsync("a", s => s with { PausedAt = Samples.Now }, Cancel);

        Assert.Equal(0, await _dispatcher.SendDueAsync(Cancel));
        await _subscriptions.UpdateAsync("a", s => s with { PausedAt = null }, Cancel);

        Assert.Equal(2, await _dispatcher.SendDueAsync(Cancel));
    }

    [Fact]
    public async Task Receiver_that_is_gone_for_good_is_paused_and_that_is_audited()
    {
        await SubscribeAsync("a", messages: 2);
        _sender.Status["a"] = 410;

        await _dispatcher.SendDueAsync(Cancel);

        var subscription = (await _subscriptions.FindAsync("a", Cancel))!;
        Assert.Equal((_time.GetUtcNow(), "the receiver answered 410 Gone"), (subscription.PausedAt!.Value, subscription.PausedBecause));
        Assert.Equal(["subscriptionPaused"], await _audit.ReadAsync(AuditScope.System, Cancel).Select(e => e.Entry.Action).ToListAsync(Cancel));
    }

    private async Task SubscribeAsync(string name, int messages)
    {
        await _subscriptions.AddAsync(new Subscription { Name = name, Shown = "", Address = "", Keys = [], Models = "*", CreatedBy = "alice", CreatedAt = Samples.Now }, Cancel);
        await _deliveries.EnterAsync(name, [.. Enumerable.Range(1, messages).Select(i => new Delivery { Id = $"r.{i}", At = Samples.Now, Body = "{}", NextTryAt = Samples.Now })], Cancel);
    }

    private sealed class FakeSender(TimeProvider time) : INotificationSender
    {
        private readonly Lock _gate = new();

        public Dictionary<string, int> Status { get; } = [];

        public List<string> Sent { get; } = [];

        public string? WhyNot(Uri address) => null;

        public Task<SendAnswer> SendAsync(Subscription subscription, Delivery delivery, CancellationToken cancellationToken)
        {
            lock (_gate)
            {
                Sent.Add(subscription.Name);
                var status = Status.GetValueOrDefault(subscription.Name, 204);
                return Task.FromResult(new SendAnswer(new DeliveryTry(time.GetUtcNow(), TimeSpan.FromMilliseconds(3), status, status < 300 ? null : $"the receiver answered {status}"), Gone: status == 410));
            }
        }
    }
}
