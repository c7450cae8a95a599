using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace ModelFlow.Core.Naming;

/// <summary>
/// One attempt to release one version: <c>{model}-{version}-{attempt}</c>, for example <c>digits-v1.2.0-mlp-1</c>.
/// It parses back unambiguously because a model name has no dot and a version begins with <c>v</c>, digits and a dot.
/// </summary>
/// <param name="Model">The model.</param>
/// <param name="Version">The version.</param>
/// <param name="Attempt">1 for the first attempt.</param>
public readonly partial record struct ReleaseId(ModelName Model, VersionName Version, int Attempt)
{
    /// <summary>Parses <paramref name="text"/>, or says in <paramref name="error"/> what is wrong with it.</summary>
    public static bool TryParse(string? text, out ReleaseId id, [NotNullWhen(false)] out string? error)
    {
        id = default;
        var match = Shape().Match(text ?? "");
        if (match.Success
            && ModelName.TryParse(match.Groups["model"].Value, out var model, out error)
            && VersionName.TryParse(match.Groups["version"].Value, out var version, out error)
            && int.TryParse(match.Groups["attempt"].ValueSpan, out var attempt))
        {
            id = new ReleaseId(model, version, attempt);
            error = null;
            return true;
        }

        error = $"'{text}' is not a release id: it has the form model-version-attempt, for example 'digits-v1.2.0-mlp-1'.";
        return false;
    }

    /// <summary>Parses <paramref name="text"/>.</summary>
    /// <exception cref="FormatException">The text is not a release id.</exception>
    public static ReleaseId Parse(string text) => TryParse(text, out var id, out var error) ? id : throw new FormatException(error);

    /// <inheritdoc/>
    public override string ToString() => $"{Model}-{Version}-{Attempt}";

    [GeneratedRegex(@"^(?<model>[a-z0-9-]{1,40})-(?<version>v[0-9]+\.[0-9A-Za-z.-]+)-(?<attempt>[1-9][0-9]{0,8})$", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Shape();
}
