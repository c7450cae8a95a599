using System.Text.RegularExpressions;
using ModelFlow.Core.Releases;
using ModelFlow.Testing;

namespace ModelFlow.Core.Tests.Releases;

public sealed partial class EventKindsTests
{
    [Fact]
    public void List_has_every_kind_that_is_recorded_and_no_other()
    {
        var folder = Path.Combine(RepositoryRoot.Find(), "src", "ModelFlow.Core", "Releases");
        var recorded = Directory.EnumerateFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(File.ReadAllText)
            .SelectMany(text => Recorded().Matches(text).SelectMany(m => Quoted().Matches(m.Value)))
            .Select(m => m.Groups["kind"].Value)
            .Distinct(StringComparer.Ordinal);

        Assert.Equal(EventKinds.All.Order(StringComparer.Ordinal), recorded.Order(StringComparer.Ordinal));
    }

    // The first argument of t.Record(…), or the second of ReleaseEvents.Seal(…).
    [GeneratedRegex(@"(\bRecord\(\s*[^,;]+,|\bSeal\(\w+, ""[^,]+,)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Recorded();

    [GeneratedRegex(@"""(?<kind>[a-zA-Z]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();
}
