using ModelFlow.Core.Notifications;

namespace ModelFlow.Core.Ports;

/// <summary>Sends a message over the network.</summary>
public interface INotificationSender
{
    /// <summary>Why messages cannot be sent to an address, in words that follow its field's name; null if they can. Names are not resolved for it.</summary>
    string? WhyNot(Uri address);

    /// <summary>Tries once. What the receiver answers is a value, as is its silence; nothing is thrown but for cancellation.</summary>
    Task<SendAnswer> SendAsync(Subscription subscription, Delivery delivery, CancellationToken cancellationToken);
}

/// <summary>What came of a try.</summary>
/// <param name="Try">For the log.</param>
/// <param name="AskedToWait">What the receiver's <c>Retry-After</c> says.</param>
/// <param name="Gone">Whether the receiver says that it is no longer there for good (410).</param>
public sealed record SendAnswer(DeliveryTry Try, TimeSpan? AskedToWait = null, bool Gone = false);
