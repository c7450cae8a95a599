using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ModelFlow.Api.Access;
using ModelFlow.Api.SignIn;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Notifications;
using ModelFlow.Orchestration;
using ModelFlow.Testing;
using ModelFlow.Testing.InMemory;

namespace ModelFlow.Api.Tests.Support;

/// <summary>The API's whole pipeline over in-memory stores, with a clock that stands still and a log that can be read.</summary>
public sealed class ApiHost : IAsyncDisposable
{
    private readonly ConcurrentDictionary<Role, string> _tokens = new();
    private WebApplication _app = null!; // Set before StartAsync returns.

    private ApiHost()
    {
    }

    public FakeTimeProvider Time { get; } = new(Samples.Now);

    public CapturedLog Log { get; } = new();

    public InMemoryBlobs Blobs { get; } = new();

    public FakeRouter Router { get; } = new();

    public FakeModelServer Server { get; } = new();

    public RingCounter Doorbell { get; } = new();

    public WebApplication Application => _app;

    public IServiceProvider Services => _app.Services;

    public static async Task<ApiHost> StartAsync(Action<IServiceCollection>? configure = null, Action<WebApplication>? map = null, params (string Key, string Value)[] settings)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        foreach (var (key, value) in settings)
        {
            builder.Configuration[key] = value;
        }

        var host = new ApiHost();
        builder.Logging.ClearProviders().SetMinimumLevel(LogLevel.Trace).AddProvider(host.Log);
        var services = builder.Services;
        services.AddSingleton<TimeProvider>(host.Time);
        services.AddSingleton(host.Blobs);
        services.AddSingleton<InMemoryReleaseStore>();
        services.AddSingleton<IReleaseStore>(s => s.GetRequiredService<InMemoryReleaseStore>());
        services.AddSingleton<InMemoryReleaseIndex>();
        services.AddSingleton<IReleaseIndex>(s => s.GetRequiredService<InMemoryReleaseIndex>());
        services.AddSingleton<IProjectedList>(s => s.GetRequiredService<InMemoryReleaseIndex>());
        services.AddSingleton<IVersionCatalog, InMemoryVersionCatalog>();
        services.AddSingleton<IRouteStore, InMemoryRouteStore>();
        services.AddSingleton<IDeploymentStore, InMemoryDeploymentStore>();
        services.AddSingleton<IRampTurns, InMemoryRampTurns>();
        services.AddSingleton<IFreezeStore, InMemoryFreezeStore>();
        services.AddSingleton<IAuditLog, InMemoryAuditLog>();
        services.AddSingleton<IAuditArchive, InMemoryAuditArchive>();
        services.AddSingleton<IRecordedNames, InMemoryRecordedNames>();
        services.AddSingleton<ITokenStore, InMemoryTokenStore>();
        services.AddSingleton<IPolicyStore, InMemoryPolicyStore>();
        services.AddSingleton<IDatasetStore, InMemoryDatasetStore>();
        services.AddSingleton<IReportStore, InMemoryReportStore>();
        services.AddSingleton<IUploadStore, InMemoryUploadStore>();
        services.AddSingleton<IArtifactStore, InMemoryArtifactStore>();
        services.AddSingleton<InMemoryVersionHolds>();
        services.AddSingleton<IVersionHolds>(s => s.GetRequiredService<InMemoryVersionHolds>());
        services.AddSingleton<ITrafficWindows, InMemoryTrafficWindows>();
        services.AddSingleton<IPeopleStore, InMemoryPeopleStore>();
        services.AddSingleton<ISubscriptionStore, InMemorySubscriptionStore>();
        services.AddSingleton<IDeliveryStore, InMemoryDeliveryStore>();
        builder.Configuration["Notifications:ProtectionKeys:0"] ??= Convert.ToBase64String(new byte[32]);
        builder.Configuration["Audit:SigningKeys:0"] = Samples.AuditKey;
        services.AddSingleton<ITrafficRouter>(host.Router);
        services.AddSingleton<IModelServer>(host.Server);
        services.AddSingleton<IModelWarmUp>(host.Server);
        services.AddSingleton<IDoorbell>(host.Doorbell);
        services.AddModelFlowOrchestration();
        services.AddModelFlowApi();
        services.AddOidc(builder.Configuration);
        services.AddModelFlowNotifications(new Uri("https://modelflow.example.com/"));
        configure?.Invoke(services);
        var app = host._app = builder.Build();
        app.UseModelFlowApi();
        map?.Invoke(app);
        app.MapModelFlowApi();
        await app.StartAsync();
        return host;
    }

    public T Get<T>()
        where T : notnull => Services.GetRequiredService<T>();

    /// <summary>A client without a token.</summary>
    public HttpClient Anonymous() => _app.GetTestClient();

    /// <summary>A client with a token of one role, named after it.</summary>
    public async Task<HttpClient> AsAsync(Role role, string? name = null)
    {
        var token = name is null && _tokens.TryGetValue(role, out var known) ? known : await AddTokenAsync(name ?? role.ToText(), role);
        if (name is null)
        {
            _tokens[role] = token;
        }

        return With(token);
    }

    /// <summary>A client with this token.</summary>
    public HttpClient With(string token)
    {
        var client = Anonymous();
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        return client;
    }

    public Task<string> AddTokenAsync(string name, params Role[] roles) => AddTokenAsync(name, [.. roles.Select(r => r.ToText())]);

    /// <summary>A token with roles as they are written, <c>approver:digits</c> for example.</summary>
    public async Task<string> AddTokenAsync(string name, params string[] roles)
    {
        var secret = TokenSecret.Create();
        Assert.True(await Get<ITokenStore>().AddAsync(
            new TokenRecord { Name = name, SecretHash = secret.Hash, Roles = roles, CreatedAt = Time.GetUtcNow() },
            CancellationToken.None));
        return secret.Reveal();
    }

    /// <summary>Registers a version whose one file is in the models container.</summary>
    public async Task<VersionRecord> RegisterAsync(string model, string version, Func<VersionRecord, VersionRecord>? change = null)
    {
        var record = Samples.Version(ModelName.Parse(model), VersionName.Parse(version));
        record = change?.Invoke(record) ?? record;
        foreach (var file in record.Manifest.Files)
        {
            Blobs.Put($"models/{model}/{version}/{file.Path}", "bytes"u8);
        }

        Assert.IsType<AddVersion.Added>(await Get<IVersionCatalog>().AddAsync(record, CancellationToken.None));
        return record;
    }

    /// <summary>Makes a version live and loaded.</summary>
    public async Task<Route> MakeStableAsync(string model, string version, params Candidate[] candidates)
    {
        var routes = Get<IRouteStore>();
        var name = ModelName.Parse(model);
        var current = await routes.GetAsync(name, CancellationToken.None);
        var next = Samples.Route(name, (current?.Route.Generation ?? 0) + 1, version) with { Candidates = candidates, At = Time.GetUtcNow() };
        Assert.IsType<ChangeRoute.Changed>(await routes.ChangeAsync(current, next, candidates.Length > 0 ? Time.GetUtcNow().AddMinutes(1) : null, CancellationToken.None));
        await Get<IVersionCatalog>().UpdateAsync(name, VersionName.Parse(version), v => v with { FirstStableAt = v.FirstStableAt ?? Time.GetUtcNow() }, CancellationToken.None);
        await LoadAsync(model, version);
        return next;
    }

    public Task<Deployment?> LoadAsync(string model, string version, bool loaded = true) => Get<IDeploymentStore>().UpdateAsync(
        ModelName.Parse(model),
        VersionName.Parse(version),
        _ => new Deployment
        {
            Model = ModelName.Parse(model),
            Version = VersionName.Parse(version),
            Endpoints = [new Uri("http://127.0.0.1:1/")],
            LoadedAt = Time.GetUtcNow(),
            LoadTime = TimeSpan.FromSeconds(2),
            Loaded = loaded,
        },
        CancellationToken.None);

    /// <summary>Puts a release into the stores as it stands.</summary>
    public async Task<ReleaseState> AddReleaseAsync(string id, Func<ReleaseState, ReleaseState>? change = null)
    {
        var (state, started) = ReleaseEvents.Start(Samples.State(ReleaseId.Parse(id)));
        state = change?.Invoke(state) ?? state;
        await Get<IReleaseIndex>().PutAsync(ReleaseSummary.Of(state), CancellationToken.None);
        Assert.IsType<CreateRelease.Created>(await Get<IReleaseStore>().CreateAsync(state, [started], CancellationToken.None));
        return state;
    }

    /// <summary>Lets things happen to a release; with <paramref name="end"/> it is over after them. The event with the number <paramref name="forge"/> is changed after it was written.</summary>
    public async Task AppendEventsAsync(string id, int count, bool end, int forge = 0)
    {
        var store = Get<IReleaseStore>();
        var snapshot = (await store.LoadAsync(ReleaseId.Parse(id), CancellationToken.None))!;
        var state = snapshot.State;
        var events = new List<ReleaseEvent>();
        for (var i = 0; i < count; i++)
        {
            var open = new ReleaseEvent
            {
                Seq = state.EventCount + 1, Kind = "test", At = Samples.Now, By = "modelflow", Stage = state.Stage.Name, Message = "It went on.",
                Data = new JsonObject { ["n"] = i }, PreviousHash = state.EventHash, Hash = "",
            };
            var sealedEvent = open with { Hash = ReleaseEvents.HashOf(open) };
            state = state with { EventCount = sealedEvent.Seq, EventHash = sealedEvent.Hash };
            events.Add(sealedEvent.Seq == forge ? sealedEvent with { Message = "It never happened." } : sealedEvent);
        }

        state = end ? state with { Stage = new Stage.Ended(Outcome.Stable, "fine") } : state;
        Assert.IsType<SaveRelease.Saved>(await store.SaveAsync(snapshot, state, events, [], CancellationToken.None));
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();
}
