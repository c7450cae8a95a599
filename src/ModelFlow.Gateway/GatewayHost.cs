using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Control;
using ModelFlow.Gateway.Feedback;
using ModelFlow.Gateway.Forwarding;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Shadowing;
using ModelFlow.Gateway.Telemetry;

namespace ModelFlow.Gateway;

/// <summary>Puts a gateway together.</summary>
public static class GatewayHost
{
    /// <summary>A gateway from command-line arguments, environment and the <c>appsettings.json</c> beside the program, not started yet.</summary>
    /// <param name="args">Arguments such as <c>--Gateway:Name=gw-1</c>.</param>
    /// <param name="configure">Changes to the builder, for tests.</param>
    public static WebApplication Build(string[] args, Action<WebApplicationBuilder>? configure = null)
    {
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions { Args = args, ContentRootPath = AppContext.BaseDirectory });
        configure?.Invoke(builder);

        // Read before validation, which comes with the first use of the options: a value that is wrong is named then, or by Kestrel.
        var options = builder.Configuration.GetSection(GatewayOptions.Section).Get<GatewayOptions>() ?? new GatewayOptions();
        AddServices(builder.Services);
        builder.Services.AddTelemetry(builder.Configuration, options);
        Listen(builder, options);

        // An activity for each request and a log line for each failed one would cost more than the rest of the gateway;
        // failures are counted, and logged once a window.
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Logging.AddFilter("Yarp", LogLevel.None);

        var app = builder.Build();
        app.Services.GetRequiredService<IStartupValidator>().Validate();
        app.Services.GetRequiredService<RouteKeeper>().Load();
        app.Services.GetRequiredService<FeedbackEndpoint>();
        app.UseMetricsPage();
        app.Run(app.Services.GetRequiredService<ModelForwarder>().InvokeAsync);
        return app;
    }

    private static void AddServices(IServiceCollection services)
    {
        services.AddOptions<GatewayOptions>().BindConfiguration(GatewayOptions.Section).ValidateOnStart();
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayAnnotationsValidator>();
        services.AddSingleton<IValidateOptions<GatewayOptions>, GatewayOptionsValidator>();
        services.TryAddSingleton(TimeProvider.System);
        services.AddHttpForwarder();
        services.AddSingleton<GatewayClock>();
        services.AddSingleton<TargetPool>();
        services.AddSingleton<RouteBook>();
        services.AddSingleton<RouteKeeper>();
        services.AddSingleton<GatewayMetrics>();
        services.AddSingleton<TrafficMeter>();
        services.AddSingleton<WindowOutbox>();
        services.AddSingleton<Clients>();
        services.AddSingleton<LimitCounts>();
        services.AddSingleton<Limits>();
        services.AddSingleton(p => new RequestIdSigner(
            SigningKey.Get(p.GetRequiredService<IOptions<GatewayOptions>>().Value, p.GetRequiredService<ILoggerFactory>().CreateLogger(typeof(SigningKey)))));
        services.AddSingleton<GatewayAddress>();
        services.AddSingleton<ControlPlaneClient>();
        services.AddSingleton<ControlEndpoints>();
        services.AddSingleton<FeedbackEndpoint>();
        services.AddSingleton<UpstreamClient>();
        services.AddSingleton<ShadowMirror>();
        services.AddSingleton<ModelForwarder>();
        services.AddHostedService(p => p.GetRequiredService<ShadowMirror>());
        services.AddHostedService<Reporter>();
        services.AddHostedService<RoutePoller>();
        services.AddHostedService<HealthChecker>();
    }

    private static void Listen(WebApplicationBuilder builder, GatewayOptions options)
    {
        var addresses = options.ControlListen is null ? options.Listen : options.Listen + ";" + options.ControlListen;
        builder.WebHost.UseUrls(addresses.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
        if (addresses.Contains("https://", StringComparison.OrdinalIgnoreCase))
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;

            // Values out of range are named by the validation that follows.
            kestrel.Limits.MaxRequestHeaderCount = Math.Max(1, options.Limits.Headers);
            kestrel.Limits.MaxRequestHeadersTotalSize = Math.Max(1, options.Limits.HeaderBytes);
        });
    }
}
