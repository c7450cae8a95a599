using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Ports;

namespace ModelFlow.Functions.Composition;

/// <summary>The one place that says where evaluations run.</summary>
internal static class EvaluationComposition
{
    public static IServiceCollection AddEvaluation(this IServiceCollection services, IConfiguration configuration)
    {
        _ = configuration;
        return services.AddSingleton<IEvaluationRunner, NoEvaluationRunner>();
    }
}
