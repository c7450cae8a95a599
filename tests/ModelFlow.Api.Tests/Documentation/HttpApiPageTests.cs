using System.Text.RegularExpressions;
using ModelFlow.Api.Tests.Access;
using ModelFlow.Testing;

namespace ModelFlow.Api.Tests.Documentation;

/// <summary>docs/http-api.md says what the code does.</summary>
public sealed partial class HttpApiPageTests
{
    private static readonly string Page = File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "docs", "http-api.md"));

    [Fact]
    public void Page_has_every_route_with_its_role_and_no_other()
    {
        var written = RouteHeading().Matches(Page)
            .Select(m => (m.Groups["method"].Value, m.Groups["path"].Value, m.Groups["role"].Value == "—" ? RoutesAndRoles.Everybody : m.Groups["role"].Value))
            .Where(r => r.Item2 != "/openapi/v1.json");

        Assert.Equal(RoutesAndRoles.All.Order(), written.Order());
    }

    [Fact]
    public void Page_has_every_problem_type_and_no_other()
    {
        var sources = Directory.EnumerateFiles(Path.Combine(RepositoryRoot.Find(), "src", "ModelFlow.Api"), "*.cs", SearchOption.AllDirectories)
            .Where(f => !f.Contains("/obj/", StringComparison.Ordinal) && !f.Contains("/bin/", StringComparison.Ordinal))
            .Select(File.ReadAllText);
        var used = sources.SelectMany(s => Code().Matches(s)).Select(m => m.Groups["code"].Value).Distinct(StringComparer.Ordinal);

        Assert.Equal(used.Order(StringComparer.Ordinal), CodeRow().Matches(Page).Select(m => m.Groups["code"].Value).Order(StringComparer.Ordinal));
    }

    [GeneratedRegex(@"^### `(?<method>[A-Z]+) (?<path>[^?`]+)(\?[^`]*)?` · (?<role>.+)$", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex RouteHeading();

    // How a problem is made: new("code", status, … or Conflict("code", …
    [GeneratedRegex(@"(new( Problem)?\(\s*""(?<code>[a-z-]+)"",\s*(StatusCodes|status)|Conflict\(\s*""(?<code>[a-z-]+)"")", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Code();

    [GeneratedRegex(@"^\| `(?<code>[a-z-]+)` \| [1-5][0-9][0-9] \|", RegexOptions.Multiline | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex CodeRow();
}
