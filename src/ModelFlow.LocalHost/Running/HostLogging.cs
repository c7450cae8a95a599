namespace ModelFlow.LocalHost.Running;

/// <summary>The host's log: lines on standard error, so that standard output is for people.</summary>
internal static class HostLogging
{
    /// <summary>For what runs before and beside the web application.</summary>
    public static ILoggerFactory Create(IConfiguration configuration) => LoggerFactory.Create(logging => Configure(logging, configuration));

    /// <summary>The same for the web application.</summary>
    public static void Configure(ILoggingBuilder logging, IConfiguration configuration)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("ModelFlow", LogLevel.Information);
        logging.AddConfiguration(configuration.GetSection("Logging"));
        logging.AddSimpleConsole(console =>
        {
            console.SingleLine = true;
            console.UseUtcTimestamp = true;
            console.TimestampFormat = "HH:mm:ss.fff ";
        });
        logging.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    }
}
