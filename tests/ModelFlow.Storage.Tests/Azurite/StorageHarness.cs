using System.Collections.Concurrent;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Testing.Azurite;

namespace ModelFlow.Storage.Tests.Azurite;

/// <summary>The adapters on the shared Azurite, with containers and tables made once for the assembly.</summary>
internal static class StorageHarness
{
    private static readonly ConcurrentDictionary<string, Lazy<Task<IServiceProvider>>> Providers = new(StringComparer.Ordinal);

    /// <summary>An adapter on the shared Azurite.</summary>
    public static T Get<T>(AzuriteFixture azurite)
        where T : notnull => ProviderAsync(azurite).GetAwaiter().GetResult().GetRequiredService<T>();

    /// <summary>The shared provider.</summary>
    public static Task<IServiceProvider> ProviderAsync(AzuriteFixture azurite) =>
        Providers.GetOrAdd(azurite.ConnectionString, connection => new Lazy<Task<IServiceProvider>>(() => CreateAsync(connection))).Value;

    /// <summary>A provider of its own.</summary>
    public static IServiceProvider Build(string connectionString, Action<StorageOptions>? configure = null) => new ServiceCollection()
        .AddModelFlowStorage(o =>
        {
            o.ConnectionString = connectionString;
            o.RetryDelay = TimeSpan.FromMilliseconds(20);
            configure?.Invoke(o);
        })
        .BuildServiceProvider();

    private static async Task<IServiceProvider> CreateAsync(string connectionString)
    {
        var provider = Build(connectionString);
        await provider.GetRequiredService<StorageSetup>().EnsureCreatedAsync(CancellationToken.None);
        return provider;
    }
}
