using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Serving;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.ModelServers.Tests;

/// <summary>A real model server, in the test's process.</summary>
internal sealed class RealServer : IAsyncDisposable
{
    public const string Secret = "a-secret-for-tests-only";

    private readonly WebApplication _app;
    private readonly string _directory;

    private RealServer(WebApplication app, string directory) => (_app, _directory) = (app, directory);

    public Uri Address => new(_app.Urls.First());

    public static async Task<RealServer> StartAsync(params string[] settings)
    {
        var directory = Directory.CreateTempSubdirectory("modelflow-serving-").FullName;
        var app = ServingApp.Build([$"--Serving:DataDirectory={directory}", $"--Serving:ControlSecret={Secret}", "--Logging:LogLevel:Default=None", .. settings]);
        await app.StartAsync(TestContext.Current.CancellationToken);
        return new RealServer(app, directory);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_directory, recursive: true);
    }
}

/// <summary>The samples as a store of registered versions, which grants reading them over HTTP.</summary>
internal sealed class SampleStore : IArtifactStore, IAsyncDisposable
{
    public static readonly ModelName Model = ModelName.Parse("digits");

    private readonly ScriptedServer _files;
    private int _grants;

    private SampleStore(ScriptedServer files) => _files = files;

    /// <summary>How many grants were given.</summary>
    public int Grants => _grants;

    /// <summary>How many files were read.</summary>
    public int Reads => _files.Calls.Count;

    public static async Task<SampleStore> StartAsync() => new(await ScriptedServer.StartAsync((context, _) =>
        Results.File(PathOf(Path.GetFileName(context.Request.Path.Value!)), "application/octet-stream").ExecuteAsync(context)));

    public static VersionRecord Version(string version, string? bytesOf = null)
    {
        var content = File.ReadAllBytes(PathOf((bytesOf ?? version) + ".onnx"));
        return new VersionRecord
        {
            Manifest = new Manifest { Model = Model, Version = VersionName.Parse(version), Format = "onnx", Files = [new ManifestFile((bytesOf ?? version) + ".onnx", content.Length, Sha256Digest.Of(content))] },
            Digest = Sha256Digest.Of(content),
            RegisteredAt = DateTimeOffset.UnixEpoch,
        };
    }

    public Task<Uri> GrantReadAsync(ModelName model, VersionName version, string path, TimeSpan validFor, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _grants);
        return Task.FromResult(new Uri(_files.Address, path + "?sig=secret"));
    }

    public Task<SetTier> SetTierAsync(VersionRecord version, StorageTier tier, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<VerifyFiles> VerifyAsync(VersionRecord version, IProgress<long>? bytesVerified, CancellationToken cancellationToken) => throw new NotSupportedException();

    public Task<DeleteFiles> DeleteAsync(VersionRecord version, CancellationToken cancellationToken) => throw new NotSupportedException();

    public ValueTask DisposeAsync() => _files.DisposeAsync();

    private static string PathOf(string file) => Path.Combine(RepositoryRoot.Find(), "samples", "digits", file);
}

/// <summary>The adapter, put together as the host does it.</summary>
internal sealed class Adapter : IAsyncDisposable
{
    private readonly ServiceProvider _services;

    public Adapter(IArtifactStore artifacts, params Uri[] servers)
        : this(artifacts, 3, servers)
    {
    }

    public Adapter(IArtifactStore artifacts, TimeProvider time, params Uri[] servers)
        : this(artifacts, 1, time, servers)
    {
    }

    public Adapter(IArtifactStore artifacts, int attempts, params Uri[] servers)
        : this(artifacts, attempts, TimeProvider.System, servers)
    {
    }

    private Adapter(IArtifactStore artifacts, int attempts, TimeProvider time, Uri[] servers)
    {
        var settings = new Dictionary<string, string?>(StringComparer.Ordinal)
        {
            ["ModelServers:ControlSecret"] = RealServer.Secret,
            ["ModelServers:RetryDelay"] = "00:00:00.001",
            ["ModelServers:Attempts"] = $"{attempts}",
        };
        for (var i = 0; i < servers.Length; i++)
        {
            settings[$"ModelServers:Endpoints:{i}"] = servers[i].AbsoluteUri;
        }

        _services = new ServiceCollection()
            .AddLogging()
            .AddSingleton<IConfiguration>(new ConfigurationBuilder().AddInMemoryCollection(settings).Build())
            .AddSingleton(artifacts)
            .AddSingleton(time)
            .AddSingleton<IDatasetStore>(Datasets)
            .AddOpenInferenceModelServer()
            .BuildServiceProvider();
        Server = _services.GetRequiredService<IModelServer>();
        WarmUp = _services.GetRequiredService<IModelWarmUp>();
    }

    public InMemoryDatasetStore Datasets { get; } = new(new InMemoryBlobs());

    public IModelServer Server { get; }

    public IModelWarmUp WarmUp { get; }

    /// <summary>A plan to send the rows of a data set that is added; of none for null.</summary>
    public async Task<WarmUpPlan> PlanAsync(int requests, string? content = null, string path = "digits/golden.jsonl")
    {
        var digest = Sha256Digest.Of(content ?? "");
        if (content is not null)
        {
            await Datasets.AddAsync(path, new MemoryStream(Encoding.UTF8.GetBytes(content)), TestContext.Current.CancellationToken);
        }

        return new WarmUpPlan(requests, new DatasetReference(path, digest), "label");
    }

    public ValueTask DisposeAsync() => _services.DisposeAsync();
}
