using System.Text.RegularExpressions;
using ModelFlow.Testing;

namespace ModelFlow.Infra.Tests;

/// <summary>The accounts.</summary>
public sealed partial class StorageTests
{
    private const string Accounts = "Microsoft.Storage/storageAccounts";

    private static string[] Names(string list)
    {
        var source = File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "src/ModelFlow.Storage/StorageNames.cs"));
        var constants = Constant().Matches(source).ToDictionary(m => m.Groups["name"].Value, m => m.Groups["value"].Value, StringComparer.Ordinal);
        var listed = Regex.Match(source, $@"{list} {{ get; }} =\s*\[(?<names>[^\]]*)\]", RegexOptions.None, TimeSpan.FromSeconds(5)).Groups["names"].Value;
        return [.. listed.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Select(n => constants[n]).Order(StringComparer.Ordinal)];
    }

    private static Resource Data(Snapshot snapshot) => Assert.Single(snapshot.Of(Accounts), a => a.Name.StartsWith("data", StringComparison.Ordinal));

    [Fact]
    public void Data_containers_areThoseTheProductUses()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.First));
        var account = Data(snapshot).Name;

        Assert.Equal(Names("Containers"), InAccount(snapshot, account, $"{Accounts}/blobServices/containers"));
        Assert.Equal(Names("Tables"), InAccount(snapshot, account, $"{Accounts}/tableServices/tables"));
    }

    private static IEnumerable<string> InAccount(Snapshot snapshot, string account, string type) =>
        snapshot.Of(type).Where(r => r.Name.StartsWith(account + "/", StringComparison.Ordinal)).Select(r => r.Name.Split('/')[^1]).Order(StringComparer.Ordinal);

    [Theory]
    [MemberData(nameof(Deployments.All), MemberType = typeof(Deployments))]
    public void Account_every_isClosedToThePublicAndToKeys(string deployment)
    {
        var accounts = Deployments.Deploy(deployment).Of(Accounts).ToList();

        Assert.Equal(2, accounts.Count);
        Assert.All(accounts, account =>
        {
            Assert.False(account["allowBlobPublicAccess"].GetBoolean());
            Assert.False(account["allowSharedKeyAccess"].GetBoolean());
            Assert.True(account["supportsHttpsTrafficOnly"].GetBoolean());
            Assert.Equal("TLS1_2", account["minimumTlsVersion"].GetString());
            Assert.Equal(deployment == nameof(Deployments.Private) ? "Disabled" : "Enabled", account["publicNetworkAccess"].GetString());
        });
        Assert.All(Deployments.Deploy(deployment).Of($"{Accounts}/blobServices/containers"), c => Assert.Equal("None", c["publicAccess"].GetString()));
    }

    [Fact]
    public void Data_blobs_areVersionedAndCanBeBroughtBack()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.Other));
        var blobs = snapshot.One($"{Accounts}/blobServices", Data(snapshot).Name + "/default");

        Assert.True(blobs["isVersioningEnabled"].GetBoolean());
        Assert.Equal(11, blobs["deleteRetentionPolicy.days"].GetInt32());
        Assert.Equal(11, blobs["containerDeleteRetentionPolicy.days"].GetInt32());
        Assert.True(blobs["deleteRetentionPolicy.enabled"].GetBoolean() && blobs["containerDeleteRetentionPolicy.enabled"].GetBoolean());
    }

    [Fact]
    public void Data_immutability_isForModelsAndTheAudit()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.First));

        var held = snapshot.Of($"{Accounts}/blobServices/containers").Where(c => c["immutableStorageWithVersioning"].ValueKind != System.Text.Json.JsonValueKind.Undefined).ToList();
        Assert.Equal(["audit", "models"], held.Select(c => c.Name.Split('/')[^1]).Order(StringComparer.Ordinal));
        Assert.All(held, c => Assert.True(c["immutableStorageWithVersioning.enabled"].GetBoolean()));
        Assert.Equal(System.Text.Json.JsonValueKind.Undefined, Data(snapshot)["immutableStorageWithVersioning"].ValueKind);
    }

    [Fact]
    public void Data_audit_isWrittenOnce()
    {
        var policy = Assert.Single(Deployments.Deploy(nameof(Deployments.First)).Of($"{Accounts}/blobServices/containers/immutabilityPolicies"));

        Assert.EndsWith("/audit/default", policy.Name);
        Assert.Equal(2557, policy["immutabilityPeriodSinceCreationInDays"].GetInt32());
        Assert.False(policy["allowProtectedAppendWrites"].GetBoolean());
    }

    [Fact]
    public void Data_lifecycle_changesNoTierAndDeletesNothingButJobs()
    {
        var rules = Assert.Single(Deployments.Deploy(nameof(Deployments.First)).Of($"{Accounts}/managementPolicies"))["policy.rules"];

        Assert.DoesNotContain("tierTo", rules.GetRawText(), StringComparison.OrdinalIgnoreCase);
        var deleting = Assert.Single(rules.EnumerateArray(), r => r.GetProperty("definition").GetProperty("actions").TryGetProperty("baseBlob", out _));
        Assert.Equal("reports/_jobs/", Assert.Single(deleting.GetProperty("definition").GetProperty("filters").GetProperty("prefixMatch").EnumerateArray()).GetString());
    }

    [Theory]
    [InlineData(nameof(Deployments.First), "Standard_GRS")]
    [InlineData(nameof(Deployments.Other), "Standard_RAGZRS")]
    public void Data_redundancy_isTheParameters(string deployment, string redundancy) =>
        Assert.Equal(redundancy, Data(Deployments.Deploy(deployment)).Json.GetProperty("sku").GetProperty("name").GetString());

    [GeneratedRegex("public const string (?<name>\\w+) = \"(?<value>\\w+)\";", RegexOptions.None, 5000)]
    private static partial Regex Constant();
}
