namespace ModelFlow.Api.Requests;

/// <summary>A change that may say why.</summary>
public sealed record ReasonRequest
{
    /// <summary>Why, at most 2,000 characters.</summary>
    public string? Reason { get; init; }

    /// <summary>Makes the request idempotent.</summary>
    public string? RequestId { get; init; }
}
