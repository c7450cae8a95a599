using Microsoft.Extensions.Options;
using ModelFlow.Gateway;

WebApplication gateway;
try
{
    gateway = GatewayHost.Build(args);
    await gateway.StartAsync();
}
catch (OptionsValidationException e)
{
    foreach (var failure in e.Failures)
    {
        await Console.Error.WriteLineAsync("modelflow-gateway: " + failure);
    }

    return 2;
}
catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or FormatException)
{
    // A value of the wrong type, a port that is taken, a folder that cannot be written.
    await Console.Error.WriteLineAsync($"modelflow-gateway: cannot start: {e.Message}");
    return 2;
}

await gateway.WaitForShutdownAsync();
await gateway.DisposeAsync();
return 0;
