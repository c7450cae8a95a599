using System.Text.Json;
using System.Text.RegularExpressions;
using ModelFlow.Testing;

namespace ModelFlow.Infra.Tests;

/// <summary>Alerts and the workbook look for what the programs say.</summary>
public sealed partial class AlertTests
{
    /// <summary>Lines that the Azure host has to log: infra/README.md lists them.</summary>
    private static readonly string[] ToCome = [" ended Failed", " is overdue since ", " ended "];

    private static string Readme => File.ReadAllText(Path.Combine(Bicep.Folder, "README.md"));

    private static IEnumerable<string> Queries() =>
        Deployments.Deploy(nameof(Deployments.Whole)).Of("Microsoft.Insights/scheduledQueryRules").Select(r => r["criteria.allOf.0.query"].GetString()!);

    [Fact]
    public void Queries_texts_areInTheSources()
    {
        var logged = Directory.GetFiles(Path.Combine(RepositoryRoot.Find(), "src"), "Log.cs", SearchOption.AllDirectories)
            .SelectMany(f => Message().Matches(File.ReadAllText(f)).Select(m => Regex.Replace(m.Groups["text"].Value, @"\{[^}]*\}", "\0", RegexOptions.None, TimeSpan.FromSeconds(5))))
            .ToList();
        using var workbook = JsonDocument.Parse(File.ReadAllText(Path.Combine(Bicep.Folder, "modules", "workbook.json")));
        var panels = workbook.RootElement.GetProperty("items").EnumerateArray()
            .Select(i => i.GetProperty("content").TryGetProperty("query", out var q) ? q.GetString()! : "");
        var texts = Queries().Concat(panels).SelectMany(q => Text().Matches(q).Select(m => m.Groups["text"].Value)).Distinct(StringComparer.Ordinal).ToList();

        Assert.NotEmpty(texts);
        Assert.All(texts.Except([.. ToCome, "warn:", "fail:"], StringComparer.Ordinal), text => Assert.Contains(logged, l => l.Contains(text, StringComparison.Ordinal)));
    }

    [Fact]
    public void Alerts_every_isInTheReadme()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.Whole));
        var names = snapshot.Resources
            .Where(r => r.Type is "Microsoft.Insights/scheduledQueryRules" or "Microsoft.Insights/metricAlerts")
            .Select(r => Suffix().Match(r.Name).Groups["alert"].Value)
            .Distinct(StringComparer.Ordinal)
            .ToList();

        Assert.Equal(11, names.Count);
        Assert.All(names, name => Assert.Contains($"| `{name}` |", Readme));
        Assert.All(ToCome.Take(2), text => Assert.Contains(text.Trim(), Readme));
    }

    [Fact]
    public void Workbook_deployed_isJsonForThisWorkspace()
    {
        var workbook = Assert.Single(Deployments.Deploy(nameof(Deployments.Whole)).Of("Microsoft.Insights/workbooks"));
        var text = workbook["serializedData"].GetString()!;

        Assert.DoesNotContain("{workspace}", text);
        using var json = JsonDocument.Parse(text);
        Assert.Equal(workbook["sourceId"].GetString(), json.RootElement.GetProperty("fallbackResourceIds")[0].GetString());
    }

    [GeneratedRegex("LoggerMessage\\([^\"]*\"(?<text>(?:[^\"\\\\]|\\\\.)*)\"", RegexOptions.None, 5000)]
    private static partial Regex Message();

    /// <summary>What a query compares a message with; not the names of apps and columns.</summary>
    [GeneratedRegex("(?:Message startswith|Message has|Message endswith|Log has) \"(?<text>[^\"]*)\"", RegexOptions.None, 5000)]
    private static partial Regex Text();

    [GeneratedRegex(@"^alert-modelflow-\w{6}-(?<alert>[a-z]\S*?)(?:-\d+)?$", RegexOptions.None, 5000)]
    private static partial Regex Suffix();
}
