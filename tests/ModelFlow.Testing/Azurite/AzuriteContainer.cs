using System.Net.Sockets;
using System.Text.Json.Nodes;
using DotNet.Testcontainers.Builders;
using DotNet.Testcontainers.Configurations;
using DotNet.Testcontainers.Containers;
using DotNet.Testcontainers.Images;

namespace ModelFlow.Testing.Azurite;

/// <summary>Azurite in a container, where a Docker engine answers and has the image.</summary>
public sealed class AzuriteContainer : AzuriteServer
{
    /// <summary>The image that is used if it is there: never pulled. <c>eng/azurite/image</c> makes it.</summary>
    public const string Image = "modelflow/azurite:local";

    private const string ApiVersion = "DOCKER_API_VERSION";
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
    public static async Task<bool> IsAvailableAsync(CancellationToken cancellationToken) =>
        await AskAsync($"/images/{Image}/json", cancellationToken) is not null;

    /// <summary>Starts one that keeps its data in memory.</summary>
    public static async Task<AzuriteContainer> StartAsync(CancellationToken cancellationToken)
    {
        // The library speaks the newest version of the protocol unless told otherwise, and would fetch an image for its own clean-up.
        if (Environment.GetEnvironmentVariable(ApiVersion) is null && await AskAsync("/version", cancellationToken) is { } version)
        {
            Environment.SetEnvironmentVariable(ApiVersion, JsonNode.Parse(version)?["ApiVersion"]?.GetValue<string>());
        }

        TestcontainersSettings.ResourceReaperEnabled = false;
        var container = new ContainerBuilder(Image)
            .WithImagePullPolicy(PullPolicy.Never)
            .WithAutoRemove(true)
            .WithPortBinding(BlobPort, assignRandomHostPort: true)
            .WithPortBinding(TablePort, assignRandomHostPort: true)
            .WithCreateParameterModifier(p =>
            {
                foreach (var binding in p.HostConfig?.PortBindings?.Values.SelectMany(b => b) ?? [])
                {
                    binding.HostIP = "127.0.0.1";
                }
            })
            .WithWaitStrategy(Wait.ForUnixContainer().UntilMessageIsLogged("Azurite Table service is successfully listening"))
            .Build();
        await container.StartAsync(cancellationToken);
        return new AzuriteContainer(container);
    }

    /// <inheritdoc/>
    public override ValueTask DisposeAsync() => _container.DisposeAsync();

    private Uri Endpoint(int port) => new($"http://127.0.0.1:{_container.GetMappedPublicPort(port)}/{AccountName}");

    /// <summary>The engine's answer; null if there is no engine or it has none.</summary>
    private static async Task<string?> AskAsync(string path, CancellationToken cancellationToken)
    {
        var socket = Environment.GetEnvironmentVariable("DOCKER_HOST") is { } host && host.StartsWith("unix://", StringComparison.Ordinal)
            ? host["unix://".Length..]
            : "/var/run/docker.sock";
        if (!File.Exists(socket))
        {
            return null;
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
            using var answer = await client.GetAsync(new Uri("http://docker" + path), cancellationToken);
            return answer.IsSuccessStatusCode ? await answer.Content.ReadAsStringAsync(cancellationToken) : null;
        }
        catch (Exception e) when (e is HttpRequestException or TaskCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}
