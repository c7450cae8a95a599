using System.Text;
using ModelFlow.Core.Notifications;

namespace ModelFlow.Core.Tests.Notifications;

public sealed class WebhookSignatureTests
{
    private const string Id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
    private static readonly byte[] Key = Convert.FromBase64String("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
    private static readonly byte[] Body = Encoding.UTF8.GetBytes("""{"test": 2432232314}""");
    private static readonly DateTimeOffset SentAt = DateTimeOffset.FromUnixTimeSeconds(1614265330);

    [Fact]
    public void Signature_is_that_of_the_standards_own_example() =>
        Assert.Equal("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=", WebhookSignature.Sign([Key], Id, SentAt, Body));

    [Fact]
    public void Every_key_signs_by_itself()
    {
        byte[] other = [.. Key.Reverse()];

        var both = WebhookSignature.Sign([other, Key], Id, SentAt, Body).Split(' ');

        Assert.Equal([WebhookSignature.Sign([other], Id, SentAt, Body), WebhookSignature.Sign([Key], Id, SentAt, Body)], both);
    }

    [Fact]
    public void Signature_is_another_for_another_id_time_or_body()
    {
        string[] signatures =
        [
            WebhookSignature.Sign([Key], Id, SentAt, Body),
            WebhookSignature.Sign([Key], Id + "1", SentAt, Body),
            WebhookSignature.Sign([Key], Id, SentAt.AddSeconds(1), Body),
            WebhookSignature.Sign([Key], Id, SentAt, Body.AsSpan(1)),
        ];

        Assert.Equal(4, signatures.Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Key_is_shown_as_the_standard_writes_it() => Assert.Equal("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", WebhookSignature.ShowKey(Key));
}
