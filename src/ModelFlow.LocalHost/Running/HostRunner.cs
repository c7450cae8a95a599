using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Running;

/// <summary>Runs a host from start to end: children, API, active work; and everything backwards when asked to stop.</summary>
internal sealed class HostRunner(IConfigurationRoot configuration, HostOptions options, TextWriter output)
{
    private static readonly TimeSpan LockPoll = TimeSpan.FromSeconds(1);

    private readonly DataFolder _folder = new(options.Data);
    private readonly TimeProvider _time = TimeProvider.System;

    /// <summary>Runs until cancelled.</summary>
    /// <exception cref="HostStartException">It cannot start; nothing that it started goes on.</exception>
    /// <exception cref="ChildStartException">A child cannot.</exception>
    public async Task RunAsync(CancellationToken stopping)
    {
        _folder.Create();
        var held = _folder.TryLock();
        if (held is null && !options.Standby)
        {
            var other = _folder.ListHosts().Where(h => !h.Standby).Select(h => $" (process {h.Process.Id})").FirstOrDefault();
            throw new HostStartException($"A host runs on {_folder.Path} already{other}. Stop it (modelflow down), use another folder with --data, or run this one as its stand-in with --standby.");
        }

        using var entry = _folder.Enter(standby: held is null);
        var secrets = HostSecrets.LoadOrCreate(_folder);
        var addresses = held is null ? ReadAddresses() : ChooseAddresses();
        var listener = new ApiListener(held is null ? StandbyAddress(addresses) : addresses.Api);
        if (!LoopbackPorts.IsFree(listener.Address.Port))
        {
            held?.Dispose();
            throw new HostStartException($"Port {listener.Address.Port} for the API is taken by another program. End that program, or choose another port with --api-port (0: any free one).");
        }

        using var logging = HostLogging.Create(configuration);
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        await using var children = new HostChildren(_folder, addresses, secrets, options, http, _time, logging);
        var (started, leaveChildren) = (false, false);
        try
        {
            if (held is not null)
            {
                await children.StartStorageAsync(stopping);
            }

            var storage = options.Storage ?? AzuriteChild.ConnectionString(addresses, secrets);
            await using var app = HostComposition.Build(configuration, options, addresses, secrets, storage, _folder.EvaluationsOf(standby: held is null), listener);
            await FirstStart.PrepareStorageAsync(app.Services, stopping);
            if (held is not null)
            {
                await app.Services.GetRequiredService<EvaluatorFolders>().EndOrphansAsync(_folder, stopping);
                await children.StartServersAsync(stopping);
            }

            var credentials = await FirstStart.PrepareTokensAsync(app.Services, _folder, addresses, secrets, storage, stopping);
            await app.StartAsync(stopping);
            started = true;
            Banner.Print(output, _folder, listener.Address, addresses, credentials, standby: held is null);
            var supervising = held is null ? TakeOverAsync(app.Services, children, listener, addresses, stopping) : Task.FromResult<IDisposable?>(held);
            using (var ended = CancellationTokenSource.CreateLinkedTokenSource(stopping, app.Lifetime.ApplicationStopping))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, _time, ended.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            if (!stopping.IsCancellationRequested)
            {
                // Like a crash: the gateway and the model server go on serving.
                leaveChildren = true;
                throw new HostStartException($"The host failed; its log says why. Its children go on: start it again, or end them with modelflow down --data {_folder.Path}.");
            }

            await output.WriteLineAsync("ModelFlow is stopping.");
            await app.StopAsync(CancellationToken.None);
            held = await supervising;
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Asked to stop while it was starting.
        }
        finally
        {
            if (!leaveChildren)
            {
                // A start that fails ends what it started; children that an earlier host left serving go on as they were found.
                await children.StopAsync(adoptedToo: started || stopping.IsCancellationRequested);
            }

            held?.Dispose();
        }
    }

    private Addresses ChooseAddresses()
    {
        var addresses = PortPlan.Choose(options, OwnedFile.Read<Addresses>(_folder.AddressesFile), name => ChildSupervisor.IsAlive(_folder.Run, name));
        OwnedFile.Write(_folder.AddressesFile, addresses);
        return addresses;
    }

    private Addresses ReadAddresses() => OwnedFile.Read<Addresses>(_folder.AddressesFile)
        ?? throw new HostStartException($"The host on {_folder.Path} is only just starting: try the stand-in again in a moment.");

    private Uri StandbyAddress(Addresses addresses) =>
        Addresses.Local(options.ApiPort is 0 || options.ApiPort == addresses.Api.Port ? LoopbackPorts.Choose([]) : options.ApiPort);

    /// <summary>Waits until the folder's host is gone, and takes its children and its address over. The folder's lock; null when stopped before.</summary>
    private async Task<IDisposable?> TakeOverAsync(IServiceProvider services, HostChildren children, ApiListener listener, Addresses addresses, CancellationToken stopping)
    {
        IDisposable? held = null;
        while (held is null && !stopping.IsCancellationRequested)
        {
            await Task.Delay(LockPoll, _time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            held = stopping.IsCancellationRequested ? null : _folder.TryLock();
        }

        try
        {
            if (held is not null)
            {
                // For the rest of this process's life.
                _folder.Enter(standby: false);
                await services.GetRequiredService<EvaluatorFolders>().EndOrphansAsync(_folder, stopping);
                listener.TakeOver(addresses.Api);
                await children.StartStorageAsync(stopping);
                await children.StartServersAsync(stopping);
                await output.WriteLineAsync($"The former host is gone: this one supervises the children and answers at {addresses.Api}, too.");
            }
        }
        catch (Exception e) when (e is HostStartException or ChildStartException or OperationCanceledException)
        {
            // What could be adopted is adopted; this host goes on as the active one.
            await output.WriteLineAsync($"Not everything could be taken over: {e.Message}");
        }

        return held;
    }
}
