using System.Reflection;
using Azure.Identity;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ModelFlow.Api;
using ModelFlow.Azure.ContainerApps;
using ModelFlow.Azure.Identity;
using ModelFlow.Core.Ports;
using ModelFlow.Functions.Composition;
using ModelFlow.Functions.Driving;
using ModelFlow.Kubernetes;
using ModelFlow.Orchestration;
using ModelFlow.Storage;
using ModelFlow.Testing;

namespace ModelFlow.Functions.Tests.Composition;

public sealed class HostCompositionTests
{
    private const string JobSetting = "ContainerAppsEvaluation:JobResourceId";
    private const string Job = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/modelflow/providers/Microsoft.App/jobs/evaluation";

    public static TheoryData<Type> FunctionClasses =>
        [.. typeof(ReleaseOrchestrator).Assembly.GetTypes().Where(t => !(t.IsAbstract && t.IsSealed) && FunctionsOf(t).Any())];

    [Fact]
    public void SampleSettings_areValid()
    {
        using var host = SampleHost.Build(SampleHost.Settings());

        host.Services.GetRequiredService<IStartupValidator>().Validate();

        Assert.Same(host.Services.GetRequiredService<DurableDoorbell>(), host.Services.GetRequiredService<IDoorbell>());
        Assert.NotNull(host.Services.GetRequiredService<IEvaluationRunner>());
    }

    [Theory]
    [MemberData(nameof(FunctionClasses))]
    public async Task FunctionClass_canBeMade(Type type)
    {
        using var host = SampleHost.Build(SampleHost.Settings());
        await using var scope = host.Services.CreateAsyncScope();

        Assert.NotNull(ActivatorUtilities.CreateInstance(scope.ServiceProvider, type));
    }

    [Fact]
    public void Addresses_withoutAConnectionString_areAskedByTheAppsIdentity()
    {
        var settings = SampleHost.Settings();
        settings.Remove("Storage:ConnectionString");
        settings["Storage:BlobServiceUri"] = "https://account.blob.core.windows.net";
        settings["Storage:TableServiceUri"] = "https://account.table.core.windows.net";
        settings["AzureHost:Identity"] = "managed";
        settings["AZURE_CLIENT_ID"] = "00000000-0000-0000-0000-000000000001";
        using var host = SampleHost.Build(settings);

        host.Services.GetRequiredService<IStartupValidator>().Validate();

        Assert.IsType<ManagedIdentityCredential>(host.Services.GetRequiredService<IOptions<StorageOptions>>().Value.Credential);
    }

    [Fact]
    public void EvaluationJob_thatIsConfigured_runsEvaluations()
    {
        var settings = SampleHost.Settings();
        settings[JobSetting] = Job;
        using var host = SampleHost.Build(settings);

        host.Services.GetRequiredService<IStartupValidator>().Validate();

        Assert.IsType<ContainerAppsEvaluationRunner>(host.Services.GetRequiredService<IEvaluationRunner>());
    }

    [Fact]
    public void EvaluationsOnKubernetes_thatAreConfigured_runThere()
    {
        var settings = SampleHost.Settings();
        settings["KubernetesEvaluation:Image"] = "registry.example/evaluator@sha256:" + new string('0', 64);
        using var host = SampleHost.Build(settings, services => services.AddSingleton<k8s.IKubernetes>(new k8s.Kubernetes(new k8s.KubernetesClientConfiguration { Host = "http://127.0.0.1:1" })));

        Assert.IsType<KubernetesEvaluationRunner>(host.Services.GetRequiredService<IEvaluationRunner>());
    }

    [Fact]
    public void Evaluations_inTwoPlaces_areRefused()
    {
        var settings = SampleHost.Settings();
        settings[JobSetting] = Job;
        settings["KubernetesEvaluation:Image"] = "registry.example/evaluator:1";

        Assert.Contains("leave one out", Assert.Throws<InvalidOperationException>(() => SampleHost.Build(settings)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(JobSetting, Job, "ContainerAppsEvaluation:Image", "registry.example/evaluator:1")]
    [InlineData("KubernetesEvaluation:Namespace", "modelflow", "KubernetesEvaluation:Image", "registry.example/evaluator:1")]
    [InlineData("KubernetesEvaluation:Namespace", "modelflow", "KubernetesEvaluation:Image", "modelflow.azurecr.io/evaluator")]
    public void Image_thatNobodyCanResolve_isRefusedAtStart(string key, string value, string setting, string image)
    {
        var settings = SampleHost.Settings();
        (settings[key], settings[setting]) = (value, image);
        using var host = SampleHost.Build(settings);

        var refused = Assert.Throws<OptionsValidationException>(() => host.Services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains($"{setting} must name its digest", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Image_byItsDigest_isTakenAtStart()
    {
        var settings = SampleHost.Settings();
        settings[JobSetting] = Job;
        settings["ContainerAppsEvaluation:Image"] = "registry.example/evaluator@sha256:" + new string('0', 64);
        using var host = SampleHost.Build(settings);

        host.Services.GetRequiredService<IStartupValidator>().Validate();
    }

    [Fact]
    public async Task EntraId_thatIsConfigured_isASchemeBesideOwnTokens()
    {
        var settings = SampleHost.Settings();
        settings["EntraId:TenantId"] = "00000000-0000-0000-0000-000000000002";
        settings["EntraId:ClientId"] = "00000000-0000-0000-0000-000000000003";
        using var host = SampleHost.Build(settings);

        host.Services.GetRequiredService<IStartupValidator>().Validate();

        var schemes = host.Services.GetRequiredService<IAuthenticationSchemeProvider>();
        Assert.NotNull(await schemes.GetSchemeAsync(EntraIdServices.Scheme));
        Assert.NotNull(await schemes.GetSchemeAsync(ModelFlowApi.TokenScheme));
    }

    [Theory]
    [InlineData("Storage:ConnectionString", null, "Storage needs a ConnectionString")]
    [InlineData("ModelServers:ControlSecret", "short", "ModelServers:ControlSecret")]
    [InlineData("AzureHost:KeepHistories", "00:00:01", "KeepHistories")]
    [InlineData("Driving:Attempts", "0", "Attempts")]
    public void WrongSetting_isRefusedAtStart(string key, string? value, string inMessage)
    {
        var settings = SampleHost.Settings();
        settings[key] = value;
        using var host = SampleHost.Build(settings);

        var refused = Assert.ThrowsAny<Exception>(() => host.Services.GetRequiredService<IStartupValidator>().Validate());

        Assert.Contains(inMessage, refused.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void HostJson_agreesWithTheCode()
    {
        var host = System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "host.json")))!;

        Assert.Equal("OpenTelemetry", (string?)host["telemetryMode"]);
        Assert.Equal("", (string?)host["extensions"]!["http"]!["routePrefix"]);
        Assert.Equal(ReleaseOrchestrator.Version, (string?)host["extensions"]!["durableTask"]!["defaultVersion"]);
        Assert.Equal("%TASKHUB_NAME%", (string?)host["extensions"]!["durableTask"]!["hubName"]);
    }

    [Fact]
    public void Functions_haveTheNamesThatTheDocumentationLists()
    {
        var page = File.ReadAllText(Path.Combine(RepositoryRoot.Find(), "docs", "azure.md"));
        var names = typeof(ReleaseOrchestrator).Assembly.GetTypes().SelectMany(FunctionsOf).Select(f => f.Name).ToList();

        Assert.True(names.Count >= 10);
        Assert.All(names, name => Assert.Contains($"| `{name}` |", page, StringComparison.Ordinal));
    }

    private static IEnumerable<FunctionAttribute> FunctionsOf(Type type) =>
        type.GetMethods(BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static).Select(m => m.GetCustomAttribute<FunctionAttribute>()).OfType<FunctionAttribute>();
}
