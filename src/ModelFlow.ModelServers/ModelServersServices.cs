using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Ports;

namespace ModelFlow.ModelServers;

/// <summary>Puts the model servers behind <see cref="IModelServer"/>.</summary>
public static class ModelServersServices
{
    /// <summary>Adds <see cref="IModelServer"/> and <see cref="IModelWarmUp"/> over the servers of <see cref="ModelServerOptions"/>; needs <see cref="IArtifactStore"/> and <see cref="IDatasetStore"/>.</summary>
    public static IServiceCollection AddOpenInferenceModelServer(this IServiceCollection services)
    {
        services.AddOptions<ModelServerOptions>().BindConfiguration(ModelServerOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<ModelServerOptions>, ModelServerOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(p => new OpenInferenceClient(CreateHttpClient(), p.GetRequiredService<IOptions<ModelServerOptions>>(), p.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IModelServer, OpenInferenceModelServer>();
        services.AddSingleton<IModelWarmUp, OpenInferenceWarmUp>();
        return services;
    }

    private static HttpClient CreateHttpClient() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,

        // Model servers are on this machine or a private network, where no proxy leads.
        UseProxy = false,
        ConnectTimeout = TimeSpan.FromSeconds(10),
        PooledConnectionLifetime = TimeSpan.FromMinutes(5),
    })
    {
        // Each call has its own limit: a load takes as long as its download.
        Timeout = Timeout.InfiniteTimeSpan,
    };
}
