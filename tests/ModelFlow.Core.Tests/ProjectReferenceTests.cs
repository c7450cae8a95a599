using System.Xml.Linq;
using ModelFlow.Testing;

namespace ModelFlow.Core.Tests;

/// <summary>Who may know whom: read from the project files.</summary>
public sealed class ProjectReferenceTests
{
    private static readonly Dictionary<string, string[]> Allowed = new(StringComparer.Ordinal)
    {
        ["Core"] = [],
        ["Storage"] = ["Core"],
        ["Orchestration"] = ["Core"],
        ["Api"] = ["Core", "Orchestration"],
        ["Notifications"] = ["Core", "Orchestration"],
        ["LocalHost"] = ["Core", "Storage", "Orchestration", "Api", "Notifications", "EvaluatorProcess", "ModelServers"],
        ["Functions"] = ["Core", "Storage", "Orchestration", "Api", "Notifications", "ModelServers", "Azure", "Kubernetes"],
        ["ModelServers"] = ["Core"],
        ["Azure"] = ["Core", "Orchestration", "Api"],
        ["Kubernetes"] = ["Core", "Orchestration"],
        ["EvaluatorProcess"] = ["Core"],
        ["EvaluationAgent"] = ["Core", "EvaluatorProcess"],
        ["Gateway"] = ["Core"],
        ["Serving"] = ["Core", "EngineProcess"],
        ["Evaluator"] = ["Core", "EngineProcess"],
        ["EngineProcess"] = [],
        ["TextEngine"] = [],
        ["Cli"] = [],
    };

    private static readonly string[] ForbiddenInCore = ["Azure.", "Microsoft.DurableTask", "Microsoft.AspNetCore", "Microsoft.Extensions.Hosting"];

    public static TheoryData<string> Projects => [.. Directory.GetDirectories(Source()).Select(d => Path.GetFileName(d)["ModelFlow.".Length..])];

    [Theory]
    [MemberData(nameof(Projects))]
    public void Project_references_onlyWhomItMayKnow(string project)
    {
        Assert.True(Allowed.TryGetValue(project, out var allowed), $"{project} is new: say in this test whom it may know.");
        var referenced = Items(project, "ProjectReference").Select(r => Path.GetFileNameWithoutExtension(r)["ModelFlow.".Length..]);
        Assert.Empty(referenced.Except(allowed, StringComparer.Ordinal));
    }

    [Fact]
    public void Core_packages_noAzureNoHost()
    {
        var packages = Items("Core", "PackageReference").Concat(Items("Core", "FrameworkReference"));
        Assert.DoesNotContain(packages, p => ForbiddenInCore.Any(f => p.StartsWith(f, StringComparison.Ordinal)));
    }

    private static IEnumerable<string> Items(string project, string kind) =>
        XDocument.Load(Path.Combine(Source(), $"ModelFlow.{project}", $"ModelFlow.{project}.csproj"))
            .Descendants(kind)
            .Select(e => e.Attribute("Include")!.Value.Replace('\\', '/'));

    private static string Source() => Path.Combine(RepositoryRoot.Find(), "src");
}
