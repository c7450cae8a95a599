using Microsoft.Extensions.Options;

namespace ModelFlow.Serving;

/// <summary>Stops the server when its standard input closes, if it was asked to: the process that started it has ended.</summary>
internal sealed class InputWatch(IOptions<ServingOptions> options, IHostApplicationLifetime lifetime) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.Value.StopWhenInputCloses)
        {
            // A thread of its own: a read of standard input cannot be cancelled, and this one must not hold up the end of the process.
            new Thread(Watch) { IsBackground = true, Name = "input watch" }.Start();
        }

        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private void Watch()
    {
        using var input = Console.OpenStandardInput();
        Span<byte> ignored = stackalloc byte[256];
        while (input.Read(ignored) > 0)
        {
        }

        lifetime.StopApplication();
    }
}
