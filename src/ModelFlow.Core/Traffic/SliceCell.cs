using System.Text.Json.Serialization;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Traffic;

/// <summary>What one version did in one window for one slice of its normal traffic. Its requests and marks are in the window's cells too.</summary>
public sealed record SliceCell
{
    /// <summary>The most cells a window may have: 4 versions, and the slices that are told apart and the others.</summary>
    public const int MaxCells = 4 * (SliceName.MaxDistinct + 1);

    /// <summary>The slice: see <see cref="SliceName"/>.</summary>
    public required string Slice { get; init; }

    /// <summary>The version.</summary>
    public required VersionName Version { get; init; }

    /// <summary>See <see cref="TrafficCell.Requests"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Requests { get; init; }

    /// <summary>See <see cref="TrafficCell.Errors"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public long Errors { get; init; }

    /// <summary>See <see cref="TrafficCell.Feedback"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public FeedbackTotals Feedback { get; init; }
}
