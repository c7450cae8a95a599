using Microsoft.Extensions.Options;
using ModelFlow.Gateway;

try
{
    await GatewayHost.Build(args).RunAsync();
    return 0;
}
catch (OptionsValidationException e)
{
    foreach (var failure in e.Failures)
    {
        await Console.Error.WriteLineAsync("modelflow-gateway: " + failure);
    }

    return 2;
}
