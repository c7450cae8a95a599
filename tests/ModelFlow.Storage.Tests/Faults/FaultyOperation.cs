using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Freezes;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;
using ModelFlow.Storage.Tests.Contracts;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Faults;

/// <summary>One call of a port: what is there before, the call, its answer as text, and what must be there after it.</summary>
/// <param name="Name">For messages.</param>
/// <param name="PrepareAsync">Makes what the call needs, on names of its own. Returns the call, to be made once or more.</param>
internal sealed record FaultyOperation(string Name, Func<IServiceProvider, Task<FaultyCall>> PrepareAsync)
{
    private static readonly VersionName Version = VersionName.Parse("v1.0.0-base");

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public override string ToString() => Name;

    /// <summary>Every call of every port that writes, and the reads in between.</summary>
    public static IReadOnlyList<FaultyOperation> All { get; } =
    [
        new("create a release", async p =>
        {
            var (store, state) = (p.GetRequiredService<IReleaseStore>(), Samples.State(NewRelease()));
            var events = Samples.Events(state, 2);
            return new(async () => Case(await store.CreateAsync(Samples.After(state, events), events, Cancel)), "Created", async () => (await store.LoadAsync(state.Id, Cancel))!.State.EventCount.ToString(), "2");
        }),
        new("load a release", async p =>
        {
            var (store, read) = await CreatedAsync(p);
            return new(async () => (await store.LoadAsync(read.State.Id, Cancel))?.State.EventCount.ToString() ?? "null", "1", () => Task.FromResult(""), "");
        }),
        new("save a release", async p =>
        {
            var (store, read) = await CreatedAsync(p);
            await store.AddSignalAsync(read.State.Id, Samples.Signal("s"), Cancel);
            var events = Samples.Events(read.State, 3);
            return new(
                async () => Case(await store.SaveAsync(read, Samples.After(read.State, events) with { Uploader = "alice" }, events, ["s"], Cancel)),
                "Saved",
                async () => await store.LoadAsync(read.State.Id, Cancel) is { } l ? $"{l.State.Uploader} {l.State.EventCount} {l.Signals.Count} {await store.ReadEventsAsync(read.State.Id, 0, Cancel).CountAsync(Cancel)}" : "null",
                "alice 4 0 4");
        }),
        new("save on what the save before returned", async p =>
        {
            var (store, read) = await CreatedAsync(p);
            var events = Samples.Events(read.State, 1);
            return new(
                async () =>
                {
                    var from = (await store.LoadAsync(read.State.Id, Cancel))!;
                    if (from.State.EventCount == 3)
                    {
                        return "Saved";
                    }

                    if (from.State.EventCount == 1)
                    {
                        if (await store.SaveAsync(from, Samples.After(read.State, events), events, [], Cancel) is not SaveRelease.Saved saved)
                        {
                            return "Conflict";
                        }

                        from = saved.Snapshot;
                    }

                    var more = Samples.Events(from.State, 1);
                    return Case(await store.SaveAsync(from, Samples.After(from.State, more), more, [], Cancel));
                },
                "Saved",
                async () => (await store.LoadAsync(read.State.Id, Cancel))!.State.EventCount.ToString(),
                "3");
        }),
        new("store a result", async p =>
        {
            var (store, read) = await PendingAsync(p);
            return new(
                async () => await store.AddResultAsync(read, 1, new CommandResult.Faulted("x"), Cancel) switch
                {
                    StoreResult.Stored => "Stored",
                    StoreResult.AlreadyStored { Result: CommandResult.Faulted { Reason: "x" } } => "Stored",
                    var other => Case(other),
                },
                "Stored",
                async () => (await store.LoadAsync(read.State.Id, Cancel))!.Result?.ToString() ?? "none",
                new CommandResult.Faulted("x").ToString());
        }),
        new("keep a result and save", async p =>
        {
            var (store, read) = await PendingAsync(p);
            var events = Samples.Events(read.State, 2);
            return new(
                async () => Case(await store.SaveWithResultAsync(read, new CommandResult.Faulted("x"), Samples.After(read.State, events) with { Pending = null }, events, [], Cancel)),
                "Saved",
                async () => $"{(await store.LoadAsync(read.State.Id, Cancel))!.State.EventCount}, {Case(await store.AddResultAsync(read, 1, new CommandResult.Faulted("late"), Cancel))}",
                $"{read.State.EventCount + 2}, AlreadyStored");
        }),
        new("send a signal", async p =>
        {
            var (store, read) = await CreatedAsync(p);
            return new(async () => Case(await store.AddSignalAsync(read.State.Id, Samples.Signal("s"), Cancel)), "Added", async () => (await store.LoadAsync(read.State.Id, Cancel))!.Signals.Count.ToString(), "1");
        }),
        new("fence a release", async p =>
        {
            var (store, read) = await CreatedAsync(p);
            var events = Samples.Events(read.State, 1);
            return new(
                async () => (await store.FenceAsync(read.State.Id, Cancel)).ToString(),
                "True",
                async () => Case(await store.SaveAsync(read, Samples.After(read.State, events), events, [], Cancel)),
                "Conflict");
        }),
        new("change the first route", async p =>
        {
            var (store, model) = (p.GetRequiredService<IRouteStore>(), NewModel());
            return new(async () => Case(await store.ChangeAsync(null, Samples.Route(model, 1), Samples.Now, Cancel)), "Changed", async () => $"{(await store.GetAsync(model, Cancel))?.Route.Generation} {await store.ReadHistoryAsync(model, Cancel).CountAsync(Cancel)}", "1 1");
        }),
        new("change a route", async p =>
        {
            var (store, read) = await RoutedAsync(p);
            return new(async () => Case(await store.ChangeAsync(read, Samples.Route(read.Route.Model, 2), null, Cancel)), "Changed", async () => $"{(await store.GetAsync(read.Route.Model, Cancel))?.Route.Generation} {await store.ReadHistoryAsync(read.Route.Model, Cancel).CountAsync(Cancel)}", "2 2");
        }),
        new("renew a lease", async p =>
        {
            var (store, read) = await RoutedAsync(p);
            return new(async () => (await store.RenewLeaseAsync(read.Route.Model, 1, Samples.Now.AddHours(1), Cancel)).ToString(), "True", async () => ((await store.GetAsync(read.Route.Model, Cancel))!.LeaseUntil == Samples.Now.AddHours(1)).ToString(), "True");
        }),
        new("list routes", async p =>
        {
            var (store, read) = await RoutedAsync(p);
            return new(async () => (await store.ListAsync(Cancel).CountAsync(r => r.Route.Model == read.Route.Model, Cancel)).ToString(), "1", () => Task.FromResult(""), "");
        }),
        new("fence a route", async p =>
        {
            var (store, read) = await RoutedAsync(p);
            return new(
                async () =>
                {
                    await store.FenceAsync(read.Route.Model, Cancel);
                    return "done";
                },
                "done",
                async () => Case(await store.ChangeAsync(read, Samples.Route(read.Route.Model, 2), null, Cancel)),
                "Conflict");
        }),
        new("add traffic windows", async p =>
        {
            var (windows, model) = (p.GetRequiredService<ITrafficWindows>(), NewModel());
            var report = new GatewayReport(
                new GatewayHeartbeat(model.Value, Samples.Now, new Uri("http://127.0.0.1:1"), new Dictionary<ModelName, long>()),
                [.. Enumerable.Range(1, 3).Select(i => new TrafficWindow { Gateway = "g", Model = model, Generation = 1, Start = Samples.Now.AddSeconds(i), Length = TimeSpan.FromSeconds(1), Number = i })]);
            return new(
                async () =>
                {
                    await windows.AddAsync(report, Cancel);
                    return "done";
                },
                "done",
                async () => (await windows.ReadAsync(model, 1, Samples.Now, Cancel).CountAsync(Cancel)).ToString(),
                "3");
        }),
        new("take a turn", async p =>
        {
            var (turns, release) = (p.GetRequiredService<IRampTurns>(), NewRelease());
            return new(async () => (await turns.TakeAsync(release, Samples.Now, Cancel)).ToString(), release.ToString(), async () => $"{await turns.GetAsync(release.Model, Cancel)}", release.ToString());
        }),
        new("return a turn", async p =>
        {
            var (turns, release) = (p.GetRequiredService<IRampTurns>(), NewRelease());
            await turns.TakeAsync(release, Samples.Now, Cancel);
            return new(
                async () =>
                {
                    await turns.ReturnAsync(release, Cancel);
                    return "done";
                },
                "done",
                async () => $"{await turns.GetAsync(release.Model, Cancel)}",
                "");
        }),
        new("enter a version", async p =>
        {
            var (catalog, model) = (p.GetRequiredService<IVersionCatalog>(), NewModel());
            return new(
                async () => Case(await catalog.AddAsync(Samples.Version(model, Version), Cancel)),
                "Added",
                async () => $"{(await catalog.GetAsync(model, Version, Cancel))?.Model} {await catalog.ListModelsAsync(Cancel).CountAsync(m => m == model, Cancel)}",
                $"{model} 1",
                IsOnce: false);
        }),
        new("change a version", async p =>
        {
            var (catalog, model) = (p.GetRequiredService<IVersionCatalog>(), NewModel());
            await catalog.AddAsync(Samples.Version(model, Version), Cancel);
            return new(async () => (await catalog.UpdateAsync(model, Version, v => v with { FirstStableAt = (v.FirstStableAt ?? Samples.Now).AddMinutes(1) }, Cancel))!.FirstStableAt.ToString()!, Samples.Now.AddMinutes(1).ToString(), async () => (await catalog.GetAsync(model, Version, Cancel))!.FirstStableAt.ToString()!, Samples.Now.AddMinutes(1).ToString());
        }),
        new("change a deployment", async p =>
        {
            var (store, model) = (p.GetRequiredService<IDeploymentStore>(), NewModel());
            var deployment = new Deployment { Model = model, Version = Version, Endpoints = [], LoadedAt = Samples.Now, LoadTime = TimeSpan.Zero, Loaded = true };
            return new(async () => (await store.UpdateAsync(model, Version, d => (d ?? deployment) with { LoadTime = (d ?? deployment).LoadTime + TimeSpan.FromSeconds(1) }, Cancel))!.LoadTime.ToString(), "00:00:01", async () => (await store.GetAsync(model, Version, Cancel))!.LoadTime.ToString(), "00:00:01");
        }),
        new("put and lift a freeze", async p =>
        {
            var (store, scope) = (p.GetRequiredService<IFreezeStore>(), Unique.Label("f"));
            return new(
                async () =>
                {
                    await store.PutAsync(new Freeze(scope, "a", Samples.Now, "r"), Cancel);
                    await store.RemoveAsync(scope, Cancel);
                    return "done";
                },
                "done",
                async () => (await store.ListAsync(Cancel)).Count(f => f.Scope == scope).ToString(),
                "0");
        }),
        new("add a token", async p =>
        {
            var (store, name) = (p.GetRequiredService<ITokenStore>(), Unique.Label("t"));
            var token = new TokenRecord { Name = name, SecretHash = Sha256Digest.Of(name), Roles = [], CreatedAt = Samples.Now };
            return new(async () => (await store.AddAsync(token, Cancel)).ToString(), "True", async () => (await store.FindAsync(token.SecretHash, Cancel))?.Name ?? "", name);
        }),
        new("revoke a token", async p =>
        {
            var (store, name) = (p.GetRequiredService<ITokenStore>(), Unique.Label("t"));
            await store.AddAsync(new TokenRecord { Name = name, SecretHash = Sha256Digest.Of(name), Roles = [], CreatedAt = Samples.Now }, Cancel);
            return new(async () => (await store.RevokeAsync(name, Samples.Now, Cancel)).ToString(), "True", async () => ((await store.FindAsync(Sha256Digest.Of(name), Cancel))!.RevokedAt is not null).ToString(), "True");
        }),
        new("append to the audit log", async p =>
        {
            var (log, scope) = (p.GetRequiredService<IAuditLog>(), Unique.Label("s"));
            await log.AppendAsync(scope, new AuditEntry("0", Samples.Now, "a", "b", "c", "d"), Cancel);
            return new(
                async () =>
                {
                    await log.AppendAsync(scope, new AuditEntry("1", Samples.Now, "a", "b", "c", "d"), Cancel);
                    return "done";
                },
                "done",
                async () => string.Join(' ', await log.ReadAsync(scope, Cancel).Select(e => $"{e.Seq}:{e.Entry.Id}").ToListAsync(Cancel)),
                "1:0 2:1");
        }),
        new("enter a release in the lists", async p =>
        {
            var (index, id) = (p.GetRequiredService<IReleaseIndex>(), NewRelease());
            return new(
                async () =>
                {
                    await index.PutAsync(new ReleaseSummary { Id = id, StartedBy = "a", StartedAt = Samples.Now, Stage = "registering" }, Cancel);
                    return "done";
                },
                "done",
                async () => $"{(await index.ListAsync(id.Model, 10, null, Cancel)).Items.Count} {await index.ListRunningAsync(Cancel).CountAsync(r => r == id, Cancel)} {await index.FindLatestAttemptAsync(id.Model, id.Version, Cancel)}",
                $"1 1 {id}");
        }),
        new("end a release in the lists", async p =>
        {
            var (index, id) = (p.GetRequiredService<IReleaseIndex>(), NewRelease());
            var summary = new ReleaseSummary { Id = id, StartedBy = "a", StartedAt = Samples.Now, Stage = "registering" };
            await index.PutAsync(summary, Cancel);
            return new(
                async () =>
                {
                    await index.PutAsync(summary with { Stage = "ended", Outcome = Outcome.Stable }, Cancel);
                    return "done";
                },
                "done",
                async () => $"{(await index.ListAsync(id.Model, 10, null, Cancel)).Items.Single().Outcome} {await index.ListRunningAsync(Cancel).CountAsync(r => r == id, Cancel)}",
                "Stable 0");
        }),
        new("set a policy", async p =>
        {
            var (store, model) = (p.GetRequiredService<IPolicyStore>(), NewModel());
            return new(async () => (await store.SetAsync(model, $"# {model}", Cancel)).ToString(), Sha256Digest.Of($"# {model}").ToString(), async () => (await store.FindForAsync(model, Cancel))!.Yaml, $"# {model}");
        }),
        new("keep a report", async p =>
        {
            var (store, id) = (p.GetRequiredService<IReportStore>(), NewRelease());
            return new(async () => (await store.AddAsync(id, "r.json", new MemoryStream("one"u8.ToArray()), Cancel)).ToString(), "True", async () => string.Join(' ', await store.ListAsync(id, Cancel).ToListAsync(Cancel)), "r.json");
        }),
        new("keep a big data set", async p =>
        {
            var (store, path) = (p.GetRequiredService<IDatasetStore>(), Unique.Label("d"));
            return new(async () => (await store.AddAsync(path, new MemoryStream(new byte[(8 << 20) + 1]), Cancel)).ToString()!, Sha256Digest.Of(new byte[(8 << 20) + 1]).ToString(), async () => (await store.GrantReadAsync(path, TimeSpan.FromMinutes(1), Cancel) is not null).ToString(), "True");
        }),
        new("read a data set", async p =>
        {
            var (store, path) = (p.GetRequiredService<IDatasetStore>(), Unique.Label("d"));
            await store.AddAsync(path, new MemoryStream("one"u8.ToArray()), Cancel);
            return new(
                async () => Sha256Digest.Of(await store.ReadStartAsync(path, 10, Cancel)).ToString(),
                Sha256Digest.Of("one").ToString(),
                async () => (await store.GrantReadAsync(path, TimeSpan.FromMinutes(1), Cancel) is not null).ToString(),
                "True");
        }),
        new("copy an upload and verify the version", async p =>
        {
            var (uploads, artifacts, upload, manifest) = await UploadedAsync(p);
            var record = new VersionRecord { Manifest = manifest, Digest = Sha256Digest.Of("x"), RegisteredAt = Samples.Now };
            return new(async () => Case(await uploads.CopyToModelsAsync(upload, manifest, null, Cancel)), "Copied", async () => Case(await artifacts.VerifyAsync(record, null, Cancel)), "Intact");
        }),
        new("describe and delete a single file", async p =>
        {
            var (uploads, _, upload, manifest) = await UploadedAsync(p);
            return new(
                async () =>
                {
                    await uploads.DeleteIncomingAsync(upload, Cancel);
                    return "done";
                },
                "done",
                async () => (await uploads.ListCompleteAsync(Cancel).CountAsync(u => u.Model == manifest.Model.Value, Cancel)).ToString(),
                "0");
        }),
        new("quarantine an upload", async p =>
        {
            var (uploads, _, upload, manifest) = await UploadedAsync(p);
            var refusal = new Refusal { Upload = upload, By = "digest", Reason = "no", At = Samples.Now };
            return new(
                () => uploads.QuarantineAsync(upload, refusal, Cancel),
                IncomingPath.QuarantineFolder(refusal),
                async () => $"{await uploads.ListCompleteAsync(Cancel).CountAsync(u => u.Model == manifest.Model.Value, Cancel)} {await uploads.ListRefusalsAsync(Cancel).CountAsync(r => r.Upload == upload, Cancel)}",
                "0 1");
        }),
        new("grant an upload", async p =>
        {
            var (uploads, model) = (p.GetRequiredService<IUploadStore>(), NewModel());
            return new(async () => (await uploads.GrantUploadAsync(model, Version, ["model.onnx"], "alice", TimeSpan.FromHours(1), Cancel)).Files[0].Scheme, "http", async () => await uploads.FindUploaderAsync(model, Version, Cancel) ?? "", "alice");
        }),
    ];

    private static string Case(object outcome) => outcome.GetType().Name;

    private static ModelName NewModel() => ModelName.Parse(Unique.Label("m"));

    private static ReleaseId NewRelease() => new(NewModel(), Version, 1);

    private static async Task<(IReleaseStore Store, ReleaseSnapshot Read)> CreatedAsync(IServiceProvider provider)
    {
        var store = provider.GetRequiredService<IReleaseStore>();
        var state = Samples.State(NewRelease());
        var events = Samples.Events(state, 1);
        return (store, ((CreateRelease.Created)await store.CreateAsync(Samples.After(state, events), events, Cancel)).Snapshot);
    }

    private static async Task<(IReleaseStore Store, ReleaseSnapshot Read)> PendingAsync(IServiceProvider provider)
    {
        var (store, read) = await CreatedAsync(provider);
        var next = read.State with { Pending = new PendingCommand(1, new Command.LoadVersion()), CommandSeq = 1 };
        return (store, ((SaveRelease.Saved)await store.SaveAsync(read, next, [], [], Cancel)).Snapshot);
    }

    private static async Task<(IRouteStore Store, CurrentRoute Read)> RoutedAsync(IServiceProvider provider)
    {
        var store = provider.GetRequiredService<IRouteStore>();
        return (store, ((ChangeRoute.Changed)await store.ChangeAsync(null, Samples.Route(NewModel(), 1), Samples.Now, Cancel)).Current);
    }

    private static async Task<(IUploadStore Uploads, IArtifactStore Artifacts, UploadReference Upload, Manifest Manifest)> UploadedAsync(IServiceProvider provider)
    {
        // A file of three copy blocks.
        var (model, bytes) = (NewModel(), new byte[(2 << 20) + 77]);
        new Random(1).NextBytes(bytes);
        var manifest = Samples.Manifest(model, Version, bytes);
        var incoming = provider.GetRequiredService<StorageClients>().Container("incoming");
        await incoming.GetBlobClient($"{model}/{Version}/model.onnx").UploadAsync(BinaryData.FromBytes(bytes), Cancel);
        var etag = (await incoming.GetBlobClient($"{model}/{Version}/manifest.json").UploadAsync(BinaryData.FromString("{}"), Cancel)).Value.ETag;
        return (provider.GetRequiredService<IUploadStore>(), provider.GetRequiredService<IArtifactStore>(), new UploadReference($"{model}/{Version}/manifest.json", etag.ToString("H")), manifest);
    }
}

/// <summary>A call to be made under faults.</summary>
/// <param name="ActAsync">Makes it; the answer as text.</param>
/// <param name="Expected">The answer without faults.</param>
/// <param name="ObserveAsync">What is there after it, as text.</param>
/// <param name="Observed">What must be there.</param>
/// <param name="IsOnce">Whether the answer is the same when a call that failed is made again; otherwise any answer is right then.</param>
internal sealed record FaultyCall(Func<Task<string>> ActAsync, string Expected, Func<Task<string>> ObserveAsync, string Observed, bool IsOnce = true);
