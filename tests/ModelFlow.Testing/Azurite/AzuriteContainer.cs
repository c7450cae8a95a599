using System.Net.Sockets;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;

namespace ModelFlow.Testing.Azurite;

/// <summary>Azurite in a container, where a Docker engine answers and has the image.</summary>
public sealed class AzuriteContainer : AzuriteServer
{
    /// <summary>The image that is used if it is there: never pulled. <c>eng/azurite/image</c> makes it.</summary>
    public const string Image = "modelflow/azurite:local";

    private const int BlobPort = 10000;
    private const int TablePort = 10002;

    private readonly IContainer _container;

    private AzuriteContainer(IContainer container) => _container = container;

    /// <inheritdoc/>
    public override string Kind => "container";

    /// <inheritdoc/>
    public override Uri BlobEndpoint => Endpoint(BlobPort);

    /// <inheritdoc/>
    public override Uri TableEndpoint => Endpoint(TablePort);

    /// <summary>Whether an engine answers and has the image.</summary>
    public static async Task<bool> IsAvailableAsync(CancellationToken cancellationToken)
    {
        var socket = Environment.GetEnvironmentVariable("DOCKER_HOST") is { } host && host.StartsWith("unix://", StringComparison.Ordinal)
            ? host["unix://".Length..]
            : "/var/run/docker.sock";
        if (!File.Exists(socket))
        {
            return false;
        }

        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var connection = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await connection.ConnectAsync(new UnixDomainSocketEndPoint(socket), cancel);
                return new NetworkStream(connection, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromSeconds(3) };
        try
        {
            using var answer = await client.GetAsync(new Uri($"http://docker/images/{Image}/json"), cancellationToken);
            return answer.IsSuccessStatusCode;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    /// <summary>Starts one that keeps its data in memory.</summary>
    public static async Task<AzuriteContainer> StartAsync(CancellationToken cancellationToken)
    {
        var container = new ContainerBuilder(Image)
            .WithImagePullPolicy(PullPolicy.Never)
            .WithPortBinding(BlobPort, assignRandomHostPort: true)
            .WithPortBinding(TablePort, assignRandomHostPort: true)
            .WithWaitStrategy(Wait.ForUnixContainer().UntilMessageIsLogged("Azurite Table service is successfully listening"))
            .Build();
        await container.StartAsync(cancellationToken);
        return new AzuriteContainer(container);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _container.DisposeAsync();

    private Uri Endpoint(int port) => new($"http://{_container.Hostname}:{_container.GetMappedPublicPort(port)}/{AccountName}");
}
