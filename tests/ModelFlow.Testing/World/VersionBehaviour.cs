namespace ModelFlow.Testing.World;

/// <summary>How a version behaves in a simulated world.</summary>
public sealed record VersionBehaviour
{
    public string? InspectionRefusal { get; init; }

    public string? SmokeRefusal { get; init; }

    public bool OtherInputs { get; init; }

    public double Accuracy { get; init; } = 0.97;

    public double ErrorRate { get; init; }

    public double LatencyMs { get; init; } = 5;

    /// <summary>The share of answers that disagree with those of any other version.</summary>
    public double Disagreement { get; init; }

    /// <summary>The share of its answers that users like; null when they say nothing.</summary>
    public double? Liked { get; init; }

    public string? LoadRefusal { get; init; }

    public string? WarmUpFailure { get; init; }
}
