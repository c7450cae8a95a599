namespace ModelFlow.Serving.Tests.Support;

/// <summary>One server with the small digits models, for tests that do not change it.</summary>
public sealed class DigitsServer : IAsyncLifetime
{
    internal RunningServer Server { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        Server = await RunningServer.StartAsync();
        await Server.LoadDigitsAsync("v1.1.0-mlp", "v1.0.0-base");
    }

    public ValueTask DisposeAsync() => Server.DisposeAsync();
}
