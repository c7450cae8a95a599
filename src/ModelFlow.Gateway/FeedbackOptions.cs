using System.ComponentModel.DataAnnotations;

namespace ModelFlow.Gateway;

/// <summary>Which marks users may give: the configuration section <c>Gateway:Feedback</c>.</summary>
public sealed class FeedbackOptions
{
    /// <summary>How old an answer may be. 1 minute to 1 day; 1 hour by default.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How many marks are told apart in that time; what is beyond is refused. 1,000 to 100,000,000; 1,000,000 by default, which takes 8 MiB once the first mark comes.</summary>
    [Range(1_000, 100_000_000)]
    public int Capacity { get; set; } = 1_000_000;
}
