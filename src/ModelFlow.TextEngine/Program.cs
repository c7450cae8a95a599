using System.Globalization;
using Microsoft.Extensions.Options;
using ModelFlow.TextEngine;
using ModelFlow.TextEngine.Model;

const int ExitUsage = 2;
const int ExitPort = 3;
const int ExitModel = 4;

EngineLog.Attach();
WebApplication app;
try
{
    app = EngineApp.Build(args);

    // Loaded before it listens: what answers is ready.
    _ = app.Services.GetRequiredService<LanguageModel>();
    await app.StartAsync();
}
catch (Exception e) when (e is OptionsValidationException or InvalidOperationException)
{
    IEnumerable<string> mistakes = e is OptionsValidationException invalid ? invalid.Failures : [e.InnerException?.Message ?? e.Message];
    foreach (var mistake in mistakes)
    {
        await Console.Error.WriteLineAsync($"modelflow-text-engine: {mistake}");
    }

    return ExitUsage;
}
catch (UnloadableModelException e)
{
    await Console.Error.WriteLineAsync($"modelflow-text-engine: {e.Message}");
    return ExitModel;
}
catch (IOException e)
{
    await Console.Error.WriteLineAsync($"modelflow-text-engine: {e.Message}");
    return ExitPort;
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"modelflow-text-engine listens on {app.Urls.First()}"));
await app.WaitForShutdownAsync();
await app.DisposeAsync();
return 0;
