using System.CommandLine;
using System.Text.RegularExpressions;

namespace ModelFlow.Cli.Commands;

/// <summary>Arguments and options that several commands share.</summary>
internal static partial class Parts
{
    public static Argument<string> Model() => new("MODEL") { Description = "The model, for example digits." };

    public static Argument<string> Version(string name = "VERSION") => new(name) { Description = "The version, for example v1.2.0-large." };

    public static Argument<string> Release() => new("RELEASE") { Description = "The release, for example digits-v1.2.0-large-1." };

    public static Option<string?> Comment(bool required = false) =>
        new("--comment", "-m") { Description = "What you want to say with it; kept in the release's events.", HelpName = "TEXT", Required = required };

    public static Option<string?> Reason(bool required) =>
        new("--reason", "-m") { Description = "Why; kept in the audit log.", HelpName = "TEXT", Required = required };

    public static Option<bool> Yes() => new("--yes", "-y") { Description = "Do not ask." };

    public static Option<int> Limit(int usual = 50)
    {
        var option = new Option<int>("--limit") { Description = "At most this many, newest first.", HelpName = "N", DefaultValueFactory = _ => usual };
        option.Validators.Add(result =>
        {
            if (result.Tokens.Count == 1 && (!int.TryParse(result.Tokens[0].Value, out var n) || n is < 1 or > 100_000))
            {
                result.AddError("--limit is 1 to 100000.");
            }
        });
        return option;
    }

    /// <summary>Whether a text is a release id rather than a model: only ids have dots.</summary>
    public static bool IsRelease(string text) => ReleaseId().IsMatch(text);

    [GeneratedRegex(@"^[a-z0-9-]+-v[0-9]+\.[0-9A-Za-z.-]+-[1-9][0-9]*\z", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex ReleaseId();
}
