using System.Threading.RateLimiting;

namespace ModelFlow.Gateway.Forwarding;

/// <summary>A client, and what it has used of what it may.</summary>
internal sealed class Client(string name, bool mayPin, ClientLimitOptions limits) : IDisposable
{
    private readonly TokenBucketRateLimiter? _rate = limits.RequestsPerSecond == 0 ? null : new TokenBucketRateLimiter(Bucket(limits));
    private int _inFlight;

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Whether it may choose a version.</summary>
    public bool MayPin => mayPin;

    /// <summary>Takes one request of its rate. False if there is none, with the time until there is.</summary>
    public bool TryTake(out TimeSpan retryAfter)
    {
        retryAfter = TimeSpan.Zero;
        if (_rate is null)
        {
            return true;
        }

        using var lease = _rate.AttemptAcquire();
        return lease.IsAcquired || !lease.TryGetMetadata(MetadataName.RetryAfter, out retryAfter);
    }

    /// <summary>Begins a request, unless too many are under way.</summary>
    public bool TryEnter()
    {
        if (limits.Concurrent == 0)
        {
            return true;
        }

        if (Interlocked.Increment(ref _inFlight) <= limits.Concurrent)
        {
            return true;
        }

        Interlocked.Decrement(ref _inFlight);
        return false;
    }

    /// <summary>Ends a request.</summary>
    public void Exit()
    {
        if (limits.Concurrent != 0)
        {
            Interlocked.Decrement(ref _inFlight);
        }
    }

    public void Dispose() => _rate?.Dispose();

    // The bucket is filled every 20 ms, or one by one at lower rates, so that it gives an even flow.
    private static TokenBucketRateLimiterOptions Bucket(ClientLimitOptions limits)
    {
        var tokens = (limits.RequestsPerSecond + 49) / 50;
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = Math.Max(limits.Burst == 0 ? limits.RequestsPerSecond : limits.Burst, tokens),
            TokensPerPeriod = tokens,
            ReplenishmentPeriod = TimeSpan.FromSeconds(tokens / (double)limits.RequestsPerSecond),
            QueueLimit = 0,
        };
    }
}
