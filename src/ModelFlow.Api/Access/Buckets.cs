using System.Collections.Concurrent;

namespace ModelFlow.Api.Access;

/// <summary>
/// A token bucket for each key, by the host's one clock (the framework's limiters have one of their own): <paramref name="burst"/> at once, and <paramref name="perSecond"/> earned back.
/// </summary>
internal sealed class Buckets<TKey>(TimeProvider time, double burst, double perSecond)
    where TKey : notnull
{
    private const int MostKeys = 10_000;

    private readonly ConcurrentDictionary<TKey, Bucket> _buckets = new();

    /// <summary>How long until there is one to take; null if there is.</summary>
    public TimeSpan? WaitFor(TKey key)
    {
        if (!_buckets.TryGetValue(key, out var bucket))
        {
            return null;
        }

        lock (bucket)
        {
            Refill(bucket);
            return Wait(bucket);
        }
    }

    /// <summary>Takes one; if there is none, takes nothing and says how long until there is.</summary>
    public TimeSpan? Take(TKey key)
    {
        if (_buckets.Count >= MostKeys)
        {
            _buckets.Clear();
        }

        var bucket = _buckets.GetOrAdd(key, _ => new Bucket { Left = burst, At = time.GetUtcNow() });
        lock (bucket)
        {
            Refill(bucket);
            var wait = Wait(bucket);
            bucket.Left -= wait is null ? 1 : 0;
            return wait;
        }
    }

    private TimeSpan? Wait(Bucket bucket) => bucket.Left >= 1 ? null : TimeSpan.FromSeconds(Math.Ceiling((1 - bucket.Left) / perSecond));

    private void Refill(Bucket bucket)
    {
        var now = time.GetUtcNow();
        bucket.Left = Math.Min(burst, bucket.Left + (Math.Max(0, (now - bucket.At).TotalSeconds) * perSecond));
        bucket.At = now;
    }

    private sealed class Bucket
    {
        public double Left { get; set; }

        public DateTimeOffset At { get; set; }
    }
}
