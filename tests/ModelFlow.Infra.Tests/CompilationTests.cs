using System.Security.Cryptography;
using System.Text.Json;

namespace ModelFlow.Infra.Tests;

/// <summary>The compiler and its linter have nothing to say.</summary>
public sealed class CompilationTests
{
    private static readonly Dictionary<string, string> NoVariables = new(StringComparer.Ordinal);

    [Fact]
    public void Main_built_isATemplateWithoutAWord()
    {
        var (code, output, errors) = Bicep.Run(NoVariables, "build", "main.bicep", "--stdout");

        Assert.Equal("", errors);
        Assert.Equal(0, code);
        using var template = JsonDocument.Parse(output);
        Assert.Contains("deploymentTemplate.json", template.RootElement.GetProperty("$schema").GetString());
    }

    [Fact]
    public void Files_linted_withoutAWord()
    {
        var (code, output, errors) = Bicep.Run(NoVariables, "lint", "--pattern", "./**/*.bicep");

        Assert.Equal("", output + errors);
        Assert.Equal(0, code);
    }

    [Fact]
    public void Files_formatted_stayAsTheyAre()
    {
        var files = Directory.GetFiles(Bicep.Folder, "*.bicep", SearchOption.AllDirectories);
        var copy = Directory.CreateTempSubdirectory("modelflow-infra-").FullName;
        try
        {
            var copies = files.ToDictionary(f => Path.Combine(copy, Path.GetFileName(f)), f => f, StringComparer.Ordinal);
            foreach (var (to, from) in copies)
            {
                File.Copy(from, to);
            }

            var (code, _, errors) = Bicep.RunIn(copy, NoVariables, "format", "--pattern", "./*.bicep");

            Assert.Equal((0, ""), (code, errors));
            Assert.All(copies, c => Assert.Equal(File.ReadAllText(c.Value), File.ReadAllText(c.Key)));
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    [Fact]
    public void Modules_every_isUsed()
    {
        var used = Directory.GetFiles(Bicep.Folder, "*.bicep", SearchOption.AllDirectories).Select(File.ReadAllText).ToList();

        Assert.All(
            Directory.GetFiles(Path.Combine(Bicep.Folder, "modules"), "*.bicep"),
            m => Assert.Contains(used, text => text.Contains($"'modules/{Path.GetFileName(m)}'", StringComparison.Ordinal)));
    }

    [Fact]
    public void Linter_everyRule_isAnErrorOrIsOffWithAReason()
    {
        // Rules that are off: reasons stand in infra/README.md.
        string[] off = ["no-module-name", "use-recent-api-versions", "use-recent-module-versions"];
        using var config = JsonDocument.Parse(File.ReadAllText(Path.Combine(Bicep.Folder, "bicepconfig.json")));
        var rules = config.RootElement.GetProperty("analyzers").GetProperty("core").GetProperty("rules").EnumerateObject().ToList();

        Assert.Equal(off, rules.Where(r => r.Value.GetProperty("level").GetString() != "error").Select(r => r.Name));
        var readme = File.ReadAllText(Path.Combine(Bicep.Folder, "README.md"));
        Assert.All(off, rule => Assert.Contains($"`{rule}`", readme));
    }

    [Fact]
    public void Sample_withItsVariables_deploys()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["MODELFLOW_GATEWAY_CONTROL_SECRET"] = Resource.Secret,
            ["MODELFLOW_SERVING_CONTROL_SECRET"] = Resource.Secret,
            ["MODELFLOW_GATEWAY_SIGNING_KEY"] = Resource.Secret,
            ["MODELFLOW_PROTECTION_KEY"] = Resource.Secret,
            ["MODELFLOW_AUDIT_KEY"] = SigningKey(),
        };

        variables["MODELFLOW_SERVING_IMAGE"] = "modelflow/serving@sha256:0";
        Assert.NotEmpty(Bicep.DeploySample(variables).Of("Microsoft.App/containerApps"));
    }

    private static string SigningKey()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        return Convert.ToBase64String(key.ExportPkcs8PrivateKey());
    }

    [Theory]
    [InlineData("param gatewayImage = 'modelflow/gateway:latest'\nparam gatewayToken = 'mf_x'", "names no digest")]
    [InlineData("param gatewayImage = 'modelflow/gateway@sha256:0'", "make one with the role gateway first")]
    public void Deployment_withAMistake_isRefusedWithWhatHelps(string parameters, string says)
    {
        var e = Assert.ThrowsAny<Exception>(() => Bicep.Deploy(Deployments.First + "\n" + parameters));

        Assert.Contains(says, e.Message);
    }
}
