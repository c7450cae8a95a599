namespace ModelFlow.Core.Manifests;

/// <summary>The outcome of reading a manifest.</summary>
public abstract record ParseManifest
{
    private ParseManifest()
    {
    }

    /// <summary>It is a manifest.</summary>
    public sealed record Parsed(Manifest Manifest) : ParseManifest;

    /// <summary>It is not, for each of these reasons; at least one.</summary>
    public sealed record Invalid(IReadOnlyList<FieldError> Errors) : ParseManifest;
}
