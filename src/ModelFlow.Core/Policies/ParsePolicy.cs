namespace ModelFlow.Core.Policies;

/// <summary>The outcome of reading a policy.</summary>
public abstract record ParsePolicy
{
    private ParsePolicy()
    {
    }

    /// <summary>It is a policy.</summary>
    public sealed record Parsed(Policy Policy) : ParsePolicy;

    /// <summary>It is not, for each of these reasons; at least one.</summary>
    public sealed record Invalid(IReadOnlyList<FieldError> Errors) : ParsePolicy;
}
