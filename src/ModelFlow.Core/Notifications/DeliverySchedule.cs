using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Notifications;

/// <summary>
/// When a message that did not arrive is sent again: the schedule that Standard Webhooks recommends (at once, then after 5 s, 5 min, 30 min, 2 h, 5 h,
/// 10 h, 14 h, 20 h and 24 h: about three days in all), each pause up to a tenth longer so that messages that failed together do not come back together.
/// </summary>
public static class DeliverySchedule
{
    private static readonly TimeSpan LongestAskedWait = TimeSpan.FromHours(24);

    private static readonly TimeSpan[] Pauses =
    [
        TimeSpan.FromSeconds(5),
        TimeSpan.FromMinutes(5),
        TimeSpan.FromMinutes(30),
        TimeSpan.FromHours(2),
        TimeSpan.FromHours(5),
        TimeSpan.FromHours(10),
        TimeSpan.FromHours(14),
        TimeSpan.FromHours(20),
        TimeSpan.FromHours(24),
    ];

    /// <summary>The most tries of one message.</summary>
    public static int MaxTries => Pauses.Length + 1;

    /// <summary>When the message is sent again; null when it is given up.</summary>
    /// <param name="id">The message's id: what its pauses are lengthened by follows from it.</param>
    /// <param name="tries">How often it was tried, 1 or more.</param>
    /// <param name="now">When the last try ended.</param>
    /// <param name="askedToWait">What the receiver asked for (<c>Retry-After</c>): honoured up to a day if it is longer than the schedule's pause.</param>
    public static DateTimeOffset? Next(string id, int tries, DateTimeOffset now, TimeSpan? askedToWait)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(tries, 1);
        if (tries > Pauses.Length)
        {
            return null;
        }

        var spread = Convert.ToInt32(Sha256Digest.Of($"{id}\n{tries}").Hex[..4], 16) / 65_535.0;
        var pause = Pauses[tries - 1] * (1 + (spread / 10));
        var asked = askedToWait is { } wait && wait < LongestAskedWait ? wait : askedToWait is null ? TimeSpan.Zero : LongestAskedWait;
        return now + (asked > pause ? asked : pause);
    }
}
