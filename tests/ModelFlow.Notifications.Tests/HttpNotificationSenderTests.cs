using System.Net;
using System.Text;
using CloudNative.CloudEvents.SystemTextJson;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Releases;
using ModelFlow.Testing;

namespace ModelFlow.Notifications.Tests;

public sealed class HttpNotificationSenderTests : IAsyncLifetime
{
    private readonly byte[] _key = [.. Enumerable.Range(0, WebhookSignature.KeyBytes).Select(i => (byte)i)];
    private readonly FakeTimeProvider _time = new(Samples.Now);
    private Receiver _receiver = null!; // Set before each test.

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _receiver = await Receiver.StartAsync();

    public ValueTask DisposeAsync() => _receiver.DisposeAsync();

    [Fact]
    public async Task Message_arrives_signed_and_is_a_cloud_event_for_the_official_reader()
    {
        var (state, started) = ReleaseEvents.Start(Samples.State(ReleaseId.Parse("digits-v1.2.0-large-1")));
        var delivery = new Delivery
        {
            Id = CloudEvent.IdOf(state.Id, started.Seq),
            At = started.At,
            Body = CloudEvent.Of(new Uri("https://modelflow.example.com/"), state.Id, started, new MessageLinks(new Uri("https://modelflow.example.com/#/releases/x"))),
        };
        using var sender = Sender(out var protector);

        var answer = await sender.SendAsync(To(protector), delivery, Cancel);

        Assert.Equal((true, 204), (answer.Try.Accepted, answer.Try.StatusCode));
        var received = Assert.Single(_receiver.Messages);
        Assert.Equal("POST /hooks/secret-path?code=secret-code", received.What);
        Assert.Equal(("digits-v1.2.0-large-1.1", Samples.Now.ToUnixTimeSeconds().ToString()), (received.Headers["webhook-id"], received.Headers["webhook-timestamp"]));
        Assert.Equal(WebhookSignature.Sign([_key], delivery.Id, Samples.Now, Encoding.UTF8.GetBytes(received.Body)), received.Headers["webhook-signature"]);
        var read = new JsonEventFormatter().DecodeStructuredModeMessage(Encoding.UTF8.GetBytes(received.Body), new System.Net.Mime.ContentType(received.Headers["content-type"]), null);
        Assert.True(read.IsValid);
        Assert.Equal(
            ("digits-v1.2.0-large-1.1", "modelflow.release.started", "digits-v1.2.0-large-1", "https://modelflow.example.com/", started.At),
            (read.Id, read.Type, read.Subject, read.Source?.ToString(), read.Time));
        Assert.Equal("00000000000000000001", read["sequence"]);
        var data = (System.Text.Json.JsonElement)read.Data!;
        Assert.Equal(("digits", "v1.2.0-large", started.Hash), (data.GetProperty("model").GetString(), data.GetProperty("version").GetString(), data.GetProperty("hash").GetString()));
    }

    [Fact]
    public async Task Both_keys_sign_while_they_overlap()
    {
        using var sender = Sender(out var protector);
        byte[] older = [.. _key.Reverse()];
        var to = To(protector);
        to = to with { Keys = [.. to.Keys, new SubscriptionKey(protector.Protect(Convert.ToBase64String(older)), Samples.Now.AddSeconds(1))] };

        await sender.SendAsync(to, Message(), Cancel);

        Assert.Equal(WebhookSignature.Sign([_key, older], "r.1", Samples.Now, "{}"u8), _receiver.Messages.Single().Headers["webhook-signature"]);
    }

    [Theory]
    [InlineData(500, null, null)]
    [InlineData(429, "17", 17)]
    [InlineData(503, "Sun, 01 Mar 2026 12:00:30 GMT", 30)]
    [InlineData(302, null, null)]
    [InlineData(410, null, null)]
    public async Task Answer_that_is_no_success_is_a_failed_try(int status, string? retryAfter, int? seconds)
    {
        _receiver.Answer = context =>
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = "/elsewhere";
            context.Response.Headers.RetryAfter = retryAfter;
            return context.Response.WriteAsync("a body that is nobody's business");
        };
        using var sender = Sender(out var protector);

        var answer = await sender.SendAsync(To(protector), Message(), Cancel);

        Assert.Equal((status, $"the receiver answered {status}"), (answer.Try.StatusCode, answer.Try.Error));
        Assert.Equal((seconds is { } s ? TimeSpan.FromSeconds(s) : null, status == 410), (answer.AskedToWait, answer.Gone));
        Assert.Single(_receiver.Messages);
    }

    [Fact]
    public async Task Receiver_that_is_not_there_is_a_failed_try_that_does_not_tell_the_address()
    {
        using var sender = Sender(out var protector);
        var to = To(protector);
        await _receiver.DisposeAsync();

        var answer = await sender.SendAsync(to, Message(), Cancel);

        Assert.Equal((null, "no connection (ConnectionError)"), (answer.Try.StatusCode, answer.Try.Error));
    }

    [Fact]
    public async Task Receiver_that_does_not_answer_is_left_after_its_time()
    {
        _receiver.Answer = context => Task.Delay(Timeout.Infinite, context.RequestAborted);
        using var sender = Sender(out var protector, o => o.TimeoutSeconds = 1);

        var answer = await sender.SendAsync(To(protector), Message(), Cancel);

        Assert.Equal("no answer within 1 s", answer.Try.Error);
    }

    [Fact]
    public async Task Private_receiver_is_not_sent_to_unless_the_settings_allow_it()
    {
        using var sender = Sender(out var protector, o => o.AllowPrivateAddresses = false);

        var answer = await sender.SendAsync(To(protector), Message(), Cancel);

        Assert.Contains("must not be sent to", answer.Try.Error, StringComparison.Ordinal);
        Assert.Empty(_receiver.Messages);
        Assert.NotNull(sender.WhyNot(new Uri("http://hooks.example.com/")));
        Assert.NotNull(sender.WhyNot(new Uri("https://169.254.169.254/metadata")));
        Assert.NotNull(sender.WhyNot(new Uri("https://[::1]/")));
        Assert.Null(sender.WhyNot(new Uri("https://hooks.example.com/")));
    }

    [Fact]
    public async Task Subscription_whose_key_is_gone_is_a_failed_try()
    {
        using var sender = Sender(out _);
        Sender(out var other, o => o.ProtectionKeys[0] = Convert.ToBase64String([.. _key.Reverse()])).Dispose();

        var answer = await sender.SendAsync(To(other), Message(), Cancel);

        Assert.StartsWith("the subscription cannot be read", answer.Try.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("8.8.8.8", true, true)]
    [InlineData("2606:4700::1111", true, true)]
    [InlineData("127.0.0.1", false, true)]
    [InlineData("::1", false, true)]
    [InlineData("::ffff:10.1.2.3", false, true)]
    [InlineData("172.16.0.1", false, true)]
    [InlineData("172.32.0.1", true, true)]
    [InlineData("192.168.1.1", false, true)]
    [InlineData("100.64.0.1", false, true)]
    [InlineData("168.63.129.16", false, true)]
    [InlineData("fd00::1", false, true)]
    [InlineData("169.254.169.254", false, false)]
    [InlineData("::ffff:169.254.169.254", false, false)]
    [InlineData("fe80::1", false, false)]
    [InlineData("0.0.0.0", false, false)]
    [InlineData("224.0.0.1", false, false)]
    [InlineData("255.255.255.255", false, false)]
    public void Address_isAllowed_onlyWhereMessagesMayGo(string address, bool usually, bool withPrivate)
    {
        var ip = IPAddress.Parse(address);

        Assert.Equal((usually, withPrivate), (ReceiverAddress.IsAllowed(ip, allowPrivate: false), ReceiverAddress.IsAllowed(ip, allowPrivate: true)));
    }

    private static Delivery Message() => new() { Id = "r.1", At = Samples.Now, Body = "{}" };

    private HttpNotificationSender Sender(out AesGcmSecretProtector protector, Action<NotificationOptions>? configure = null)
    {
        var options = new NotificationOptions { AllowPrivateAddresses = true, ProtectionKeys = { Convert.ToBase64String(_key) } };
        configure?.Invoke(options);
        protector = new AesGcmSecretProtector(Options.Create(options));
        return new HttpNotificationSender(protector, Options.Create(options), _time);
    }

    private Subscription To(AesGcmSecretProtector protector) => new()
    {
        Name = "ops",
        Shown = _receiver.Address.GetLeftPart(UriPartial.Authority),
        Address = protector.Protect(_receiver.Address.AbsoluteUri),
        Keys = [new SubscriptionKey(protector.Protect(Convert.ToBase64String(_key)), null)],
        Models = "*",
        CreatedBy = "alice",
        CreatedAt = Samples.Now,
    };
}
