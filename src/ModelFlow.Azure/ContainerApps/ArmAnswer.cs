using System.Text.Json.Nodes;

namespace ModelFlow.Azure.ContainerApps;

/// <summary>What Azure Resource Manager answered.</summary>
/// <param name="Status">The HTTP status; 0 when no answer came.</param>
/// <param name="Body">The body, if it is JSON.</param>
/// <param name="RetryAfter">When it wants to be asked again; null if it does not say.</param>
/// <param name="Failure">What went wrong, for messages; null if nothing did.</param>
internal sealed record ArmAnswer(int Status, JsonNode? Body, TimeSpan? RetryAfter, string? Failure)
{
    private static readonly TimeSpan DefaultWait = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);

    public bool IsSuccess => Failure is null;

    /// <summary>Whether the same call may work later, and may have worked.</summary>
    public bool IsPassing => !IsSuccess && Status is 0 or 408 or 409 or 429 or >= 500;

    /// <summary>When to ask again.</summary>
    public TimeSpan Wait => RetryAfter is not { } wait ? DefaultWait : wait < TimeSpan.FromSeconds(1) ? TimeSpan.FromSeconds(1) : wait > LongestWait ? LongestWait : wait;
}
