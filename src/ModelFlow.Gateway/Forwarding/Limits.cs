using System.Diagnostics.CodeAnalysis;
using Microsoft.Extensions.Options;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>
/// Refuses what is too much, at once and with the limit's name. What is refused was never a version's request, so it is not in
/// any window: it is counted by limit.
/// </summary>
internal sealed class Limits(IOptions<GatewayOptions> options, LimitCounts counts)
{
    /// <summary>The header that names the limit in the answer.</summary>
    public const string Header = "x-modelflow-limit";

    private readonly LimitOptions _options = options.Value.Limits;
    private int _inFlight;

    /// <summary>Requests to models under way.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>Takes a request of the client's rate, or answers.</summary>
    public bool TryTake(HttpContext context, Client client, [NotNullWhen(false)] out Task? answered)
    {
        answered = client.TryTake(out var retryAfter) ? null : Refuse(context, LimitKind.ClientRate, $"The client '{client.Name}' sends more requests per second than it may.", retryAfter);
        return answered is null;
    }

    /// <summary>Begins a request, or answers.</summary>
    public bool TryEnter(HttpContext context, Client client, [NotNullWhen(false)] out Task? answered)
    {
        if (Interlocked.Increment(ref _inFlight) > _options.Concurrent && _options.Concurrent != 0)
        {
            Interlocked.Decrement(ref _inFlight);
            answered = Refuse(context, LimitKind.Gateway, $"The gateway takes {_options.Concurrent} requests at once.", TimeSpan.Zero);
            return false;
        }

        if (!client.TryEnter())
        {
            Interlocked.Decrement(ref _inFlight);
            answered = Refuse(context, LimitKind.ClientConcurrency, $"The client '{client.Name}' has as many requests under way as it may.", TimeSpan.Zero);
            return false;
        }

        answered = null;
        return true;
    }

    /// <summary>Ends a request.</summary>
    public void Exit(Client client)
    {
        client.Exit();
        Interlocked.Decrement(ref _inFlight);
    }

    /// <summary>Begins a request of a version.</summary>
    public bool TryEnter(VersionLoad version) => version.TryEnter(_options.ConcurrentPerVersion);

    /// <summary>Answers a request for a version that has too many.</summary>
    public Task RefuseAsync(HttpContext context, string version) =>
        Refuse(context, LimitKind.Version, $"Version {version} takes {_options.ConcurrentPerVersion} requests at once.", TimeSpan.Zero);

    /// <summary>The answer to a mark when there are too many.</summary>
    public Problem TooMuchFeedback(HttpContext context)
    {
        Mark(context, LimitKind.Feedback, options.Value.Feedback.MaxAge);
        return Problem.Overloaded($"More than {options.Value.Feedback.Capacity} marks came within {options.Value.Feedback.MaxAge}.");
    }

    private Task Refuse(HttpContext context, LimitKind kind, string detail, TimeSpan retryAfter)
    {
        Mark(context, kind, retryAfter);
        var isClients = kind is LimitKind.ClientRate or LimitKind.ClientConcurrency;
        return (isClients ? Problem.TooMany(detail) : Problem.Overloaded(detail)).WriteAsync(context);
    }

    private void Mark(HttpContext context, LimitKind kind, TimeSpan retryAfter)
    {
        counts.Add(kind);
        context.Response.Headers.RetryAfter = Math.Max(1, (int)Math.Ceiling(retryAfter.TotalSeconds)).ToString();
        context.Response.Headers[Header] = LimitCounts.NameOf(kind);
    }
}
