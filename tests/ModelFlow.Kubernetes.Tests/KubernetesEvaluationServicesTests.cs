using k8s;
using k8s.Exceptions;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace ModelFlow.Kubernetes.Tests;

public sealed class KubernetesEvaluationServicesTests
{
    /// <summary>Found on a Functions host: with such a file it started, and every step of every release failed until somebody read its log.</summary>
    [Fact]
    public void Kubeconfig_that_cannot_be_used_is_found_at_start()
    {
        using var services = Services(_ => throw new KubeConfigException("User: nobody does not have appropriate auth credentials in kubeconfig"));

        var failure = Assert.Throws<OptionsValidationException>(services.GetRequiredService<IStartupValidator>().Validate);

        Assert.Contains("User: nobody", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Cluster_that_is_away_does_not_keep_a_host_from_starting()
    {
        using var services = Services(_ => new k8s.Kubernetes(new KubernetesClientConfiguration { Host = "http://127.0.0.1:1" }));

        services.GetRequiredService<IStartupValidator>().Validate();
    }

    private static ServiceProvider Services(Func<IServiceProvider, IKubernetes> cluster) => new ServiceCollection()
        .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection([new("KubernetesEvaluation:Image", $"registry.example/evaluator@sha256:{new string('0', 64)}")]).Build())
        .AddSingleton(cluster)
        .AddKubernetesEvaluation()
        .BuildServiceProvider();
}
