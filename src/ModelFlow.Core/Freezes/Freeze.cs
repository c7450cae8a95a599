using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Freezes;

/// <summary>While it stands, no candidate of the models it covers gets new traffic. Rollbacks are always possible.</summary>
/// <param name="Scope"><c>*</c> for everything, a model's name, or a prefix followed by <c>*</c>.</param>
/// <param name="By">Who froze.</param>
/// <param name="At">When.</param>
/// <param name="Reason">Why.</param>
public sealed record Freeze(string Scope, string By, DateTimeOffset At, string Reason)
{
    /// <summary>Whether <paramref name="model"/> is covered.</summary>
    public bool Covers(ModelName model) => ModelScope.TryParse(Scope, out var scope, out _) && scope.Covers(model);
}
