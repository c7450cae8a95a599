using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Notifications;

/// <summary>The addresses in a message.</summary>
/// <param name="Release">The release's page, for whoever signs in there.</param>
/// <param name="Decide">A page on which the one person that the message is for can decide without signing in; null in messages for several.</param>
public sealed record MessageLinks(Uri Release, Uri? Decide = null)
{
    /// <summary>The page of a release.</summary>
    /// <param name="source">Where this ModelFlow is.</param>
    /// <param name="release">The release.</param>
    public static Uri PageOf(Uri source, ReleaseId release) => new(source, $"#/releases/{Uri.EscapeDataString(release.ToString())}");

    /// <summary>The page that a sealed link leads to.</summary>
    /// <param name="source">Where this ModelFlow is.</param>
    /// <param name="link">The sealed link.</param>
    public static Uri DecideWith(Uri source, string link) => new(source, $"decide?link={link}");
}
