using Microsoft.Extensions.Options;
using ModelFlow.Serving;
using ModelFlow.Serving.Repository;

try
{
    ProcessMemory.GoFirstWhenMemoryRunsOut();
    await using var app = ServingApp.Build(args);
    await app.StartAsync();

    // The one line on standard output: whoever asked for a free port reads it here. Logs go to standard error.
    Console.WriteLine($"modelflow-serving listens on {app.Urls.First()}");
    await app.WaitForShutdownAsync();
    return 0;
}
catch (OptionsValidationException e)
{
    foreach (var failure in e.Failures)
    {
        await Console.Error.WriteLineAsync($"modelflow-serving: {failure}");
    }

    return 2;
}
catch (IOException e)
{
    // A port or a directory that is taken: the message says which.
    await Console.Error.WriteLineAsync($"modelflow-serving: {e.Message}");
    return 3;
}
