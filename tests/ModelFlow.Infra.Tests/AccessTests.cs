using System.Text.RegularExpressions;

namespace ModelFlow.Infra.Tests;

/// <summary>Who may do what: the README's table is what is deployed.</summary>
public sealed partial class AccessTests
{
    private const string Assignments = "Microsoft.Authorization/roleAssignments";

    /// <summary>https://learn.microsoft.com/azure/role-based-access-control/built-in-roles</summary>
    private static readonly Dictionary<string, string> BuiltIn = new(StringComparer.Ordinal)
    {
        ["7f951dda-4ed3-4680-a7ca-43fe172d538d"] = "AcrPull",
        ["0ad04412-c4d5-4796-b79c-f76d14c8d402"] = "Durable Task Data Contributor",
        ["4633458b-17de-408a-b874-0445c86b69e6"] = "Key Vault Secrets User",
        ["3913510d-42f4-4e42-8a64-420c390055eb"] = "Monitoring Metrics Publisher",
        ["ba92f5b4-2d11-453d-a403-e96b0029c9fe"] = "Storage Blob Data Contributor",
        ["b7e6dc6d-f1e8-4753-8033-0f276bb0955b"] = "Storage Blob Data Owner",
        ["db58b8e5-c6ad-4a2a-8342-4190687cbf4a"] = "Storage Blob Delegator",
        ["974c5e8b-45b9-4653-ba55-5f855dd0fb88"] = "Storage Queue Data Contributor",
        ["0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3"] = "Storage Table Data Contributor",
    };

    private static IReadOnlyList<(string Identity, string Role, string On)> Given(Snapshot snapshot) =>
        [.. snapshot.Of(Assignments).Select(a => (Identity(a), Role(snapshot, a), Scope(a.Id)))];

    private static string Identity(Resource assignment) => Principal().Match(assignment["principalId"].GetString()!).Groups["program"].Value;

    private static string Role(Snapshot snapshot, Resource assignment)
    {
        var id = assignment["roleDefinitionId"].GetString()!;
        return BuiltIn.TryGetValue(id.Split('/')[^1], out var name)
            ? name
            : Assert.Single(snapshot.Of("Microsoft.Authorization/roleDefinitions"), r => r.Id == id)["roleName"].GetString()!.Split(" (")[0];
    }

    private static string Scope(string id)
    {
        var resource = id.Split("/providers/Microsoft.Authorization/")[0].Split("/providers/")[^1].Split('/');
        return string.Join('/', resource.Where((_, i) => i == 0 || i % 2 == 1)) switch
        {
            "Microsoft.Storage/storageAccounts" => resource[2].StartsWith("data", StringComparison.Ordinal) ? "data account" : "host account",
            "Microsoft.Storage/storageAccounts/blobServices/containers" => $"container `{resource[^1]}`",
            "Microsoft.ContainerRegistry/registries" => "registry",
            "Microsoft.Insights/components" => "Application Insights",
            "Microsoft.KeyVault/vaults/secrets" => $"secret `{resource[^1]}`",
            "Microsoft.App/jobs" => $"job `{resource[^1]}`",
            "Microsoft.DurableTask/schedulers/taskHubs" => "task hub",
            var other => throw new InvalidOperationException($"A role is given on {other}: say in this test what the README calls that."),
        };
    }

    [Fact]
    public void Readme_table_isWhatIsDeployed()
    {
        var readme = File.ReadAllText(Path.Combine(Bicep.Folder, "README.md"));
        var written = Row().Matches(readme).Select(m => (m.Groups["identity"].Value, m.Groups["role"].Value, m.Groups["on"].Value)).Order().ToList();

        Assert.Equal(Given(Deployments.Deploy(nameof(Deployments.Whole))).Order(), written);
    }

    [Theory]
    [MemberData(nameof(Deployments.All), MemberType = typeof(Deployments))]
    public void Assignments_none_isOnMoreThanOneResource(string deployment)
    {
        var snapshot = Deployments.Deploy(deployment);

        Assert.NotEmpty(Given(snapshot));
        Assert.Equal(snapshot.Of(Assignments).Count(), snapshot.Of(Assignments).Select(a => a.Id).Distinct(StringComparer.Ordinal).Count());
    }

    [Fact]
    public void Evaluator_roles_arePullingItsImageAlone() =>
        Assert.Equal([("evaluator", "AcrPull", "registry")], Given(Deployments.Deploy(nameof(Deployments.Whole))).Where(g => g.Identity == "evaluator"));

    [Fact]
    public void Evaluator_container_getsNoTokenOfItsIdentity()
    {
        var jobs = Deployments.Deploy(nameof(Deployments.Whole)).Of("Microsoft.App/jobs").ToList();

        Assert.Equal(2, jobs.Count);
        Assert.All(jobs, job =>
        {
            Assert.Equal("None", job["configuration.identitySettings.0.lifecycle"].GetString());
            Assert.Equal(System.Text.Json.JsonValueKind.Undefined, job["configuration.secrets"].ValueKind);
            Assert.Equal("Manual", job["configuration.triggerType"].GetString());
        });
    }

    [Fact]
    public void Starter_role_startsStopsAndReadsAndNothingElse()
    {
        var role = Assert.Single(Deployments.Deploy(nameof(Deployments.Whole)).Of("Microsoft.Authorization/roleDefinitions"));
        var actions = role["permissions.0.actions"].EnumerateArray().Select(a => a.GetString()!).ToList();

        Assert.DoesNotContain(actions, a => a.Contains('*', StringComparison.Ordinal));
        Assert.All(actions, a => Assert.True(a.EndsWith("/read", StringComparison.Ordinal) || a is "Microsoft.App/jobs/start/action" or "Microsoft.App/jobs/stop/execution/action", a));
    }

    [Fact]
    public void Registry_andVault_takeNoPasswords()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.Whole));

        Assert.False(Assert.Single(snapshot.Of("Microsoft.ContainerRegistry/registries"))["adminUserEnabled"].GetBoolean());
        var vault = Assert.Single(snapshot.Of("Microsoft.KeyVault/vaults"));
        Assert.True(vault["enableRbacAuthorization"].GetBoolean() && vault["enablePurgeProtection"].GetBoolean());
        Assert.All(snapshot.Of("Microsoft.Web/sites/basicPublishingCredentialsPolicies"), p => Assert.False(p["allow"].GetBoolean()));
    }

    [GeneratedRegex(@"userAssignedIdentities/id-\w+-\w+-(?<program>\w+)'", RegexOptions.None, 5000)]
    private static partial Regex Principal();

    [GeneratedRegex(@"^\| (?<identity>function|gateway|serving|evaluator) \| (?<role>[^|]+) \| (?<on>[^|]+) \| [^|]+ \|$", RegexOptions.Multiline, 5000)]
    private static partial Regex Row();
}
