using Azure.Core.Pipeline;
using Microsoft.Extensions.Options;
using ModelFlow.Api;
using ModelFlow.Api.Gateways;
using ModelFlow.Api.SignIn;
using ModelFlow.Core.Ports;
using ModelFlow.LocalHost.Evaluation;
using ModelFlow.LocalHost.Driving;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Leasing;
using ModelFlow.ModelServers;
using ModelFlow.Notifications;
using ModelFlow.Orchestration;
using ModelFlow.Storage;

namespace ModelFlow.LocalHost.Running;

/// <summary>Puts the host together: the storage, the loop, the API and what stands behind their ports on one machine.</summary>
internal static class HostComposition
{
    public static WebApplication Build(
        IConfigurationRoot configuration, HostOptions options, Addresses addresses, HostSecrets secrets, string storage, string evaluations, ApiListener listener)
    {
        // Nothing is read from the folder the host happens to be started in.
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Configuration.Sources.Clear();
        builder.Configuration.AddConfiguration(configuration);
        builder.Configuration.AddInMemoryCollection(Settings(addresses, secrets));
        HostLogging.Configure(builder.Logging, configuration);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Configure(listener.Kestrel, reloadOnChange: true));

        var services = builder.Services;
        services.AddSingleton<IHostLifetime, OwnLifetime>();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton(Options.Create(options));
        services.AddModelFlowStorage(s =>
        {
            s.ConnectionString = storage;
            s.LegalHolds = configuration.GetValue<bool>(HostSettings.LegalHolds);
            s.Transport = new LeaseGuard(HttpClientTransport.Shared);
        });
        services.AddModelFlowOrchestration();
        services.AddModelFlowApi();
        services.AddOidc(builder.Configuration);
        services.AddModelFlowNotifications(addresses.Api);
        services.AddOpenInferenceModelServer();
        services.AddHttpTrafficRouter();
        services.AddSingleton(p => new EvaluatorFolders(evaluations, p));
        services.AddSingleton<IEvaluationRunner>(p => p.GetRequiredService<EvaluatorFolders>().Runner);
        AddActiveWork(services, storage);

        var app = builder.Build();
        app.UseModelFlowApi();
        app.MapModelFlowApi();
        return app;
    }

    private static Dictionary<string, string?> Settings(Addresses addresses, HostSecrets secrets) => new(StringComparer.Ordinal)
    {
        ["ModelServers:Endpoints:0"] = addresses.Serving.ToString(),
        ["ModelServers:ControlSecret"] = secrets.ServingControl,
        ["Gateways:Addresses:0"] = addresses.GatewayControl.ToString(),
        ["Gateways:ControlSecret"] = secrets.GatewayControl,
        ["Notifications:ProtectionKeys:0"] = secrets.ProtectionKey,
        ["Audit:SigningKeys:0"] = secrets.AuditKey,
    };

    private static void AddActiveWork(IServiceCollection services, string storage)
    {
        services.AddOptions<EvaluationOptions>().BindConfiguration(EvaluationOptions.Section).ValidateDataAnnotations().ValidateOnStart();
        services.AddOptions<LeaseOptions>().BindConfiguration(HostSettings.LeaseSection);
        services.AddSingleton(p => new HostsTable(storage, p.GetRequiredService<IOptions<StorageOptions>>().Value.Prefix));
        services.AddSingleton<ILeaseStore>(p => new TableLeaseStore(p.GetRequiredService<HostsTable>().Lease));
        services.AddSingleton<IRingRows>(p => new TableRingRows(p.GetRequiredService<HostsTable>().Rings));
        services.AddSingleton<HostLease>();
        services.AddSingleton<Fence>();
        services.AddSingleton<ReleaseDrivers>();
        services.AddSingleton<HostDoorbell>();
        services.AddSingleton<IDoorbell>(p => p.GetRequiredService<HostDoorbell>());
        services.AddHostedService(p => p.GetRequiredService<HostDoorbell>());
        services.AddHostedService<ActiveHost>();
        services.AddHealthChecks().AddCheck<LeaseHealth>("host");
    }

    /// <summary>Signals are handled from the process's start to its end, not only while the web application runs.</summary>
    private sealed class OwnLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
