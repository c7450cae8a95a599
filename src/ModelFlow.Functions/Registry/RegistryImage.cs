using System.Diagnostics.CodeAnalysis;
using System.Text.RegularExpressions;

namespace ModelFlow.Functions.Registry;

/// <summary>An image that is named by a tag: <c>registry/repository:tag</c>. The grammar is that of the OCI distribution specification.</summary>
internal sealed partial record RegistryImage(string Server, string Repository, string Tag)
{
    /// <summary>Reads a name. One without a tag is none: nothing here resolves "latest".</summary>
    public static bool TryParse(string image, [NotNullWhen(true)] out RegistryImage? parsed)
    {
        var match = Grammar().Match(image);
        parsed = match.Success ? new RegistryImage(match.Groups["server"].Value, match.Groups["repository"].Value, match.Groups["tag"].Value) : null;
        return parsed is not null;
    }

    [GeneratedRegex(
        @"\A(?<server>[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)+)/(?<repository>[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*):(?<tag>[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127})\z",
        RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1_000)]
    private static partial Regex Grammar();
}
