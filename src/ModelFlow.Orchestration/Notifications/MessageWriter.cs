using ModelFlow.Core.Approvals;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Secrets;

namespace ModelFlow.Orchestration.Notifications;

/// <summary>Writes what a subscription is told of an event, in its format, with the links that its readers may have.</summary>
public sealed class MessageWriter(NotificationSource source, IPeopleStore people, ISecretProtector protector)
{
    private readonly SealedText _seal = new(protector, ApprovalLink.Purpose);

    /// <summary>The message.</summary>
    public async Task<string> WriteAsync(Subscription subscription, ReleaseState state, ReleaseEvent happened, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(state);
        var links = new MessageLinks(MessageLinks.PageOf(source.Address, state.Id), await DecideAsync(subscription, state, happened, cancellationToken));
        return subscription.Format == MessageFormat.Teams ? TeamsCard.Of(state, happened, links) : CloudEvent.Of(source.Address, state.Id, happened, links);
    }

    /// <summary>The message that tests a subscription.</summary>
    public string Test(Subscription subscription, string id, string by, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        return subscription.Format == MessageFormat.Teams ? TeamsCard.Test(source.Address, subscription.Name, by) : CloudEvent.Test(source.Address, id, subscription.Name, by, now);
    }

    // Only who is asked gets a link, and only for what is asked when the message is written.
    private async Task<Uri?> DecideAsync(Subscription subscription, ReleaseState state, ReleaseEvent happened, CancellationToken cancellationToken)
    {
        if (subscription.Person is not { } person || happened.Kind is not ("approvalAsked" or "approvalReminded" or "approvalEscalated" or "approvalOverdue") || state.OpenRequest is not { } request)
        {
            return null;
        }

        var count = new ApprovalCount(state, request, new PeopleDirectory(await people.ListAsync(cancellationToken)));
        if (count.WhyNot(person, [], happened.At) is not null)
        {
            return null;
        }

        var ends = request.Demands.Max(d => d.Rule.WhenExpired == ExpiryRule.Wait ? d.ExpiresAt + d.Rule.ExpiresAfter : d.ExpiresAt);
        return MessageLinks.DecideWith(source.Address, new ApprovalLink(person, state.Id, request.Evidence, ends, happened.Seq).Seal(_seal));
    }
}
