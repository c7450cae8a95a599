using System.Security.Cryptography;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Subscriptions;

/// <summary>Who is told what happens to releases, and what was sent.</summary>
internal static class SubscriptionEndpoints
{
    public static void MapSubscriptions(this RouteGroupBuilder api)
    {
        var subscriptions = api.MapGroup("/subscriptions").WithTags("Subscriptions").OverAllModels();
        subscriptions.MapGet("/", ListAsync).Allow(Role.Admin).WithSummary("Lists the subscriptions, without their addresses' paths and without keys.");
        subscriptions.MapPost("/", AddAsync).Allow(Role.Admin).WithSummary("Has an address told what happens to releases; shows the signing key once.");
        subscriptions.MapGet("/{name}", GetAsync).Allow(Role.Admin).WithSummary("One subscription.");
        subscriptions.MapDelete("/{name}", RemoveAsync).Allow(Role.Admin).WithSummary("Removes a subscription with its log.");
        subscriptions.MapPost("/{name}/pause", PauseAsync).Allow(Role.Admin).WithSummary("Sends nothing more; messages wait.");
        subscriptions.MapPost("/{name}/resume", ResumeAsync).Allow(Role.Admin).WithSummary("Sends again, what waited first.");
        subscriptions.MapPost("/{name}/key", RotateKeyAsync).Allow(Role.Admin).WithSummary("Makes a new signing key and shows it once; the one before signs beside it for a day.");
        subscriptions.MapPost("/{name}/test", TestAsync).Allow(Role.Admin).WithSummary("Sends a message that tells of nothing.");
        subscriptions.MapGet("/{name}/deliveries", ListDeliveriesAsync).Allow(Role.Admin).WithSummary("What was sent, newest first, with every try.");
        subscriptions.MapPost("/{name}/deliveries/{id}/redeliver", RedeliverAsync).Allow(Role.Admin).WithSummary("Sends a message again.");
    }

    private static async Task<Ok<ItemList<SubscriptionView>>> ListAsync(ISubscriptionStore subscriptions, CancellationToken cancellationToken) =>
        TypedResults.Ok(new ItemList<SubscriptionView>([.. (await subscriptions.ListAsync(cancellationToken)).Select(SubscriptionView.Of)]));

    private static async Task<Results<Ok<SubscriptionView>, Problem>> GetAsync(string name, ISubscriptionStore subscriptions, CancellationToken cancellationToken) =>
        Answer(name, await subscriptions.FindAsync(Name(name), cancellationToken));

    private static async Task<Results<Created<NewSubscription>, Problem>> AddAsync(
        Body<AddSubscriptionRequest> body, Caller caller, ManageSubscriptions subscriptions, ISecretProtector protector, INotificationSender sender, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var request = body.Value;
        CheckName(fields, request.Name);
        var address = Address(fields, request.Address, sender);
        var models = fields.Scope("models", request.Models ?? "*");
        var events = request.Events ?? [];
        for (var i = 0; i < events.Count; i++)
        {
            if (!EventKinds.All.Contains(events[i], StringComparer.Ordinal))
            {
                fields.Add($"events[{i}]", $"'{events[i]}' is not a kind of event; use {EventKinds.Listed}.");
            }
        }

        var format = MessageFormat.CloudEvents;
        if (request.Format is { } wanted && !(wanted.All(char.IsAsciiLetter) && Enum.TryParse(wanted, ignoreCase: true, out format)))
        {
            fields.Add("format", $"'{wanted}' is not a format; use cloudEvents or teams.");
        }

        var requester = caller.Request(fields, request.RequestId);
        fields.Check();
        if (!protector.CanProtect)
        {
            return Problem.Conflict("not-configured", "There is no key to protect addresses with.", "Subscriptions hold secrets, and this host has no key for them.", "Set Notifications:ProtectionKeys:0; docs/notifications.md says how.");
        }

        var key = RandomNumberGenerator.GetBytes(WebhookSignature.KeyBytes);
        var outcome = await subscriptions.AddAsync(
            request.Name!, address!, models, [.. events.Distinct(StringComparer.Ordinal)], format, request.Person, key, requester, cancellationToken); // Checked above.
        return outcome switch
        {
            AddSubscription.Added { Subscription: var added } => TypedResults.Created($"/api/subscriptions/{added.Name}", new NewSubscription(SubscriptionView.Of(added), WebhookSignature.ShowKey(key))),
            AddSubscription.NoPerson => Problem.Invalid("person", $"nobody is entered as '{request.Person}'; enter them with PUT /api/people/… first."),
            AddSubscription.NameTaken => Problem.Conflict("name-taken", "The name is taken.", $"There is a subscription named '{request.Name}'.", "Choose another name, or remove that one first."),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };
    }

    private static async Task<Results<NoContent, Problem>> RemoveAsync(string name, string? reason, Caller caller, ManageSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var why = fields.OptionalText("reason", reason);
        var requester = caller.Request(fields);
        fields.Check();
        return await subscriptions.RemoveAsync(Name(name), why, requester, cancellationToken) ? TypedResults.NoContent() : None(name);
    }

    private static async Task<Results<Ok<SubscriptionView>, Problem>> PauseAsync(string name, Body<ReasonRequest> body, Caller caller, ManageSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        var (reason, requester) = Asked(body, caller);
        return Answer(name, await subscriptions.PauseAsync(Name(name), reason, requester, cancellationToken));
    }

    private static async Task<Results<Ok<SubscriptionView>, Problem>> ResumeAsync(string name, Body<ReasonRequest> body, Caller caller, ManageSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        var (reason, requester) = Asked(body, caller);
        return Answer(name, await subscriptions.ResumeAsync(Name(name), reason, requester, cancellationToken));
    }

    private static async Task<Results<Ok<NewSubscription>, Problem>> RotateKeyAsync(string name, Body<ReasonRequest> body, Caller caller, ManageSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        var (reason, requester) = Asked(body, caller);
        var key = RandomNumberGenerator.GetBytes(WebhookSignature.KeyBytes);
        return await subscriptions.RotateKeyAsync(Name(name), key, reason, requester, cancellationToken) is { } subscription
            ? TypedResults.Ok(new NewSubscription(SubscriptionView.Of(subscription), WebhookSignature.ShowKey(key)))
            : None(name);
    }

    private static async Task<Results<Accepted<SentMessage>, Problem>> TestAsync(string name, Body<ReasonRequest> body, Caller caller, ManageSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        var (reason, requester) = Asked(body, caller);
        return await subscriptions.TestAsync(Name(name), reason, requester, cancellationToken) is { } id
            ? TypedResults.Accepted($"/api/subscriptions/{name}/deliveries", new SentMessage(id))
            : None(name);
    }

    private static async Task<Results<Ok<Page<DeliveryView>>, Problem>> ListDeliveriesAsync(
        string name, string? limit, string? continuation, ISubscriptionStore subscriptions, IDeliveryStore deliveries, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var most = fields.Limit(limit);
        var from = fields.Continuation(continuation);
        fields.Check();
        if (await subscriptions.FindAsync(Name(name), cancellationToken) is null)
        {
            return None(name);
        }

        var page = await deliveries.ListAsync(name, most, from, cancellationToken);
        return TypedResults.Ok(new Page<DeliveryView>([.. page.Items.Select(DeliveryView.Of)], page.Continuation));
    }

    private static async Task<Results<Accepted<SentMessage>, Problem>> RedeliverAsync(
        string name, string id, Body<ReasonRequest> body, Caller caller, ManageSubscriptions subscriptions, CancellationToken cancellationToken)
    {
        var (reason, requester) = Asked(body, caller);
        return await subscriptions.RedeliverAsync(Name(name), id, reason, requester, cancellationToken) is { } again
            ? TypedResults.Accepted($"/api/subscriptions/{name}/deliveries", new SentMessage(again.Id))
            : Problem.NotFound($"'{name}' was never sent a message '{id}', or it is no longer in the log.", $"GET /api/subscriptions/{Uri.EscapeDataString(name)}/deliveries lists them.");
    }

    private static Results<Ok<SubscriptionView>, Problem> Answer(string name, Subscription? subscription) =>
        subscription is null ? None(name) : TypedResults.Ok(SubscriptionView.Of(subscription));

    private static Problem None(string name) => Problem.NotFound($"There is no subscription named '{name}'.", "GET /api/subscriptions lists them.");

    private static (string? Reason, Requester Requester) Asked(Body<ReasonRequest> body, Caller caller)
    {
        var fields = new Fields();
        var reason = fields.OptionalText("reason", body.Value.Reason);
        var requester = caller.Request(fields, body.Value.RequestId);
        fields.Check();
        return (reason, requester);
    }

    private static string Name(string name)
    {
        var fields = new Fields();
        CheckName(fields, name);
        fields.Check();
        return name;
    }

    private static void CheckName(Fields fields, string? name)
    {
        if (name is not { Length: >= 1 and <= 40 } || !name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-') || name[0] == '-' || name[^1] == '-')
        {
            fields.Add("name", "must be 1 to 40 lower-case letters, digits and '-', not at an end.");
        }
    }

    private static Uri? Address(Fields fields, string? text, INotificationSender sender)
    {
        if (text is not { Length: <= 2_000 } || !Uri.TryCreate(text, UriKind.Absolute, out var address) || address.Scheme is not ("https" or "http") || address.UserInfo.Length > 0 || address.Fragment.Length > 0)
        {
            fields.Add("address", "must be an absolute https address of at most 2,000 characters, without user name and fragment.");
            return null;
        }

        if (sender.WhyNot(address) is { } reason)
        {
            fields.Add("address", reason);
        }

        return address;
    }
}
