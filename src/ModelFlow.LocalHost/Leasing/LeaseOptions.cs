using System.ComponentModel.DataAnnotations;

namespace ModelFlow.LocalHost.Leasing;

/// <summary>The timing of the host lease.</summary>
public sealed class LeaseOptions : IValidatableObject
{
    /// <summary>How long a host may stay silent before another takes over. 1 second to 5 minutes; 5 seconds by default. The same for all hosts of a storage.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "00:05:00")]
    public TimeSpan Duration { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the active host renews. 50 ms to 1 minute; 1 second by default. At most a third of <see cref="Duration"/>.</summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan RenewEvery { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long before the lease could be taken the active host stops. 50 ms to 1 minute; 1 second by default. At most a third of
    /// <see cref="Duration"/>. It covers the difference in speed of two clocks and the way of a request that was just sent.
    /// </summary>
    [Range(typeof(TimeSpan), "00:00:00.050", "00:01:00")]
    public TimeSpan Margin { get; set; } = TimeSpan.FromSeconds(1);

    /// <inheritdoc/>
    public IEnumerable<ValidationResult> Validate(ValidationContext validationContext)
    {
        if (RenewEvery > Duration / 3)
        {
            yield return new ValidationResult("Lease:RenewEvery must be at most a third of Lease:Duration.", [nameof(RenewEvery)]);
        }

        if (Margin > Duration / 3)
        {
            yield return new ValidationResult("Lease:Margin must be at most a third of Lease:Duration.", [nameof(Margin)]);
        }
    }
}
