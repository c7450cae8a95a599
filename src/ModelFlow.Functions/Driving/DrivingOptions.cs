using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace ModelFlow.Functions.Driving;

/// <summary>How orchestrations of new releases are paced; configuration section <c>Driving</c>. One that runs keeps the pace it was started with. Checked at start.</summary>
public sealed class DrivingOptions
{
    /// <summary>The configuration section.</summary>
    public const string Section = "Driving";

    /// <summary>The longest wait in one piece, 1 minute to 1 day; 15 minutes by default. See <see cref="DriverPace.Slice"/>.</summary>
    [Range(typeof(TimeSpan), "00:01:00", "1.00:00:00")]
    public TimeSpan Slice { get; set; } = new DriverPace().Slice;

    /// <summary>How often an activity is tried, 1 to 20; 5 by default.</summary>
    [Range(1, 20)]
    public int Attempts { get; set; } = new DriverPace().Attempts;

    /// <summary>The longest wait after all tries failed, 10 seconds to 1 hour; 5 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:10", "01:00:00")]
    public TimeSpan LongestBackoff { get; set; } = new DriverPace().LongestBackoff;

    /// <summary>The pace of an orchestration that is started now.</summary>
    public DriverPace ToPace() => new() { Slice = Slice, Attempts = Attempts, LongestBackoff = LongestBackoff };
}

/// <summary>Checks <see cref="DrivingOptions"/> by their annotations.</summary>
[OptionsValidator]
internal sealed partial class DrivingOptionsValidator : IValidateOptions<DrivingOptions>;
