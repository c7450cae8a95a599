using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Configuration;
using ModelFlow.Api.Gateways;
using ModelFlow.Gateway;
using ModelFlow.ModelServers;
using ModelFlow.Serving;
using ModelFlow.Storage;

namespace ModelFlow.Infra.Tests;

/// <summary>The apps are given what they read, in their words.</summary>
public sealed class SettingsTests
{
    private static IReadOnlyList<Resource> Apps(string deployment, string name) =>
        [.. Deployments.Deploy(deployment).Of("Microsoft.App/containerApps").Where(a => a.Name.StartsWith(name + "-", StringComparison.Ordinal))];

    private static Resource AppSettings(string deployment) => Deployments.Deploy(deployment).One("Microsoft.Web/sites/config", "appsettings");

    [Theory]
    [InlineData(nameof(Deployments.Whole))]
    [InlineData(nameof(Deployments.Private))]
    public void Gateway_settings_startOne(string deployment)
    {
        var app = Assert.Single(Apps(deployment, "gateway"));
        var settings = app.Environment();
        var options = Bind<GatewayOptions>(settings, GatewayOptions.Section);

        Assert.Equal(app.Name, options.Name);
        var key = Assert.Single(options.ClientKeys);
        Assert.Equal(("shop", true), (key.Name, key.MayPin));
        Assert.False(options.Anonymous);

        // The program's own checks, as it makes them when it starts.
        settings["Gateway:DataDirectory"] = Directory.CreateTempSubdirectory("modelflow-infra-").FullName;
        settings["Gateway:Listen"] = "http://127.0.0.1:0";
        var gateway = GatewayHost.Build([.. settings.Select(s => $"--{s.Key}={s.Value}")]);
        ((IDisposable)gateway).Dispose();
        Directory.Delete(settings["Gateway:DataDirectory"]!, recursive: true);
    }

    [Fact]
    public void Server_settings_startOne()
    {
        var apps = Apps(nameof(Deployments.Whole), "serving");

        Assert.Equal(2, apps.Count);
        Assert.All(apps, app =>
        {
            var options = Bind<ServingOptions>(app.Environment(), ServingOptions.Section);
            Assert.Equal(app["configuration.ingress.targetPort"].GetInt32(), options.Port);
            Assert.Equal("0.0.0.0", options.Address);
        });
    }

    [Theory]
    [MemberData(nameof(Deployments.All), MemberType = typeof(Deployments))]
    public void App_every_keepsItsDataInAVolumeAndHasOneReplica(string deployment) =>
        Assert.All(Deployments.Deploy(deployment).Of("Microsoft.App/containerApps"), app =>
        {
            var settings = app.Environment();
            var data = settings.GetValueOrDefault("Gateway:DataDirectory") ?? settings["Serving:DataDirectory"]!;
            Assert.StartsWith(app["template.containers.0.volumeMounts.0.mountPath"].GetString() + "/", data, StringComparison.Ordinal);
            Assert.Equal((1, 1), (app["template.scale.minReplicas"].GetInt32(), app["template.scale.maxReplicas"].GetInt32()));
            Assert.Contains("@sha256:", app["template.containers.0.image"].GetString());
        });

    [Theory]
    [MemberData(nameof(Deployments.All), MemberType = typeof(Deployments))]
    public void Function_settings_areTheHosts(string deployment)
    {
        var settings = AppSettings(deployment).Settings();

        Assert.Equal(2, Bind<ModelServerOptions>(settings, ModelServerOptions.Section).Endpoints.Count);
        Assert.Equal(deployment is nameof(Deployments.First) or nameof(Deployments.Other) ? 0 : 1, Bind<GatewayPushOptions>(settings, "Gateways").Addresses.Count);
        var storage = new StorageOptions { Credential = new Azure.Identity.ManagedIdentityCredential(Azure.Identity.ManagedIdentityId.SystemAssigned) };
        Configuration(settings).GetSection(StorageOptions.Section).Bind(storage, b => b.ErrorOnUnknownConfiguration = true);
        Validator.ValidateObject(storage, new ValidationContext(storage), validateAllProperties: true);
        Assert.True(storage.LegalHolds);
    }

    [Theory]
    [MemberData(nameof(Deployments.All), MemberType = typeof(Deployments))]
    public void Function_settings_holdNoSecretAndNoKey(string deployment)
    {
        var settings = AppSettings(deployment).Json.GetProperty("properties");

        Assert.All(settings.EnumerateObject(), s => Assert.DoesNotContain("AccountKey", s.Value.GetString(), StringComparison.OrdinalIgnoreCase));
        Assert.All(
            settings.EnumerateObject().Where(s => s.Name.EndsWith("Secret", StringComparison.Ordinal)),
            s => Assert.StartsWith("@Microsoft.KeyVault(", s.Value.GetString(), StringComparison.Ordinal));
        Assert.Equal("managedidentity", settings.GetProperty("AzureWebJobsStorage__credential").GetString());
        Assert.False(settings.TryGetProperty("AzureWebJobsStorage", out _));
    }

    [Fact]
    public void Function_jobResourceId_isTheJobs()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.Whole));
        var settings = AppSettings(nameof(Deployments.Whole)).Settings();

        Assert.Equal(snapshot.One("Microsoft.App/jobs", "evaluation").Id, settings["ContainerAppsEvaluation:JobResourceId"]);
        Assert.Equal(snapshot.One("Microsoft.App/jobs", "inspection").Id, settings["ContainerAppsEvaluation:InspectionJobResourceId"]);
        Assert.DoesNotContain(AppSettings(nameof(Deployments.First)).Settings(), s => s.Key.StartsWith("ContainerAppsEvaluation", StringComparison.Ordinal));
        Assert.DoesNotContain("ContainerAppsEvaluation:InspectionJobResourceId", AppSettings(nameof(Deployments.Other)).Settings());
    }

    [Fact]
    public void Function_plan_isFlexConsumptionOnThisRuntime()
    {
        var snapshot = Deployments.Deploy(nameof(Deployments.Whole));

        Assert.Equal("FC1", Assert.Single(snapshot.Of("Microsoft.Web/serverfarms")).Json.GetProperty("sku").GetProperty("name").GetString());
        var app = Assert.Single(snapshot.Of("Microsoft.Web/sites"));
        Assert.Equal(("dotnet-isolated", $"{Environment.Version.Major}.0"), (app["functionAppConfig.runtime.name"].GetString(), app["functionAppConfig.runtime.version"].GetString()));
        Assert.True(app["httpsOnly"].GetBoolean());
    }

    private static IConfigurationRoot Configuration(Dictionary<string, string?> settings) => new ConfigurationBuilder().AddInMemoryCollection(settings).Build();

    private static T Bind<T>(Dictionary<string, string?> settings, string section)
        where T : class, new()
    {
        var options = new T();
        var bound = Configuration(settings).GetSection(section);
        Assert.NotEmpty(bound.GetChildren());
        bound.Bind(options, b => b.ErrorOnUnknownConfiguration = true);
        Validator.ValidateObject(options, new ValidationContext(options), validateAllProperties: true);
        return options;
    }
}
