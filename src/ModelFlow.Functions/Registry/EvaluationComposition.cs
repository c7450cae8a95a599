using Azure.Core;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Ports;
using ModelFlow.Functions.Registry;

namespace ModelFlow.Functions.Composition;

internal static partial class EvaluationComposition
{
    static partial void AddRegistry(IServiceCollection services, ref Func<string, bool>? knows)
    {
        services.AddSingleton<IImageDigests>(p => new RegistryImageDigests(p.GetRequiredService<TokenCredential>()));
        knows = RegistryImageDigests.Knows;
    }
}
