using System.Runtime.CompilerServices;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Testing.InMemory;

/// <summary>Releases in memory, as strict as the tables: everything is kept as JSON, and every write is conditional on the state's token.</summary>
public sealed class InMemoryReleaseStore : IReleaseStore
{
    private readonly Lock _gate = new();
    private readonly Dictionary<ReleaseId, Partition> _partitions = [];
    private long _lastToken;

    /// <summary>How many calls were made: loads, saves, results, signals.</summary>
    public int Calls { get; private set; }

    /// <summary>Whether loads fail, as with a storage that does not answer for a while.</summary>
    public bool Away { get; set; }

    /// <inheritdoc/>
    public Task<CreateRelease> CreateAsync(ReleaseState state, IReadOnlyList<ReleaseEvent> events, CancellationToken cancellationToken)
    {
        ReleaseWriteRules.CheckEvents(state, 0, events, consumedSignals: 0);
        lock (_gate)
        {
            Calls++;
            if (_partitions.ContainsKey(state.Id))
            {
                return Task.FromResult<CreateRelease>(new CreateRelease.AlreadyExists());
            }

            var partition = new Partition { State = Json.Write(state), Token = ++_lastToken };
            partition.Events.AddRange(events.Select(Json.Write));
            _partitions.Add(state.Id, partition);
            return Task.FromResult<CreateRelease>(new CreateRelease.Created(new ReleaseSnapshot(Json.Read<ReleaseState>(partition.State), [], null, Text(partition.Token))));
        }
    }

    /// <inheritdoc/>
    public Task<ReleaseSnapshot?> LoadAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Calls++;
            if (Away)
            {
                throw new StorageException("It does not answer.") { IsTransient = true };
            }

            return Task.FromResult(_partitions.TryGetValue(id, out var partition) ? Snapshot(partition) : null);
        }
    }

    /// <inheritdoc/>
    public Task<SaveRelease> SaveAsync(ReleaseSnapshot read, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        Task.FromResult(Save(read, newResult: null, next, events, consumedSignals));

    /// <inheritdoc/>
    public Task<SaveRelease> SaveWithResultAsync(
        ReleaseSnapshot read, CommandResult result, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals, CancellationToken cancellationToken) =>
        Task.FromResult(Save(read, (ReleaseWriteRules.PendingSeq(read), Json.Write(result)), next, events, consumedSignals));

    /// <inheritdoc/>
    public Task<StoreResult> AddResultAsync(ReleaseSnapshot read, int seq, CommandResult result, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Calls++;
            if (!_partitions.TryGetValue(read.State.Id, out var partition))
            {
                return Task.FromResult<StoreResult>(new StoreResult.Conflict());
            }

            if (partition.Results.TryGetValue(seq, out var earlier))
            {
                return Task.FromResult<StoreResult>(new StoreResult.AlreadyStored(Json.Read<CommandResult>(earlier)));
            }

            if (!string.Equals(read.Token, Text(partition.Token), StringComparison.Ordinal))
            {
                return Task.FromResult<StoreResult>(new StoreResult.Conflict());
            }

            partition.Results.Add(seq, Json.Write(result));
            partition.Token = ++_lastToken;
            return Task.FromResult<StoreResult>(new StoreResult.Stored(read with { Result = Json.Copy(result), Token = Text(partition.Token) }));
        }
    }

    /// <inheritdoc/>
    public Task<AddSignal> AddSignalAsync(ReleaseId id, Signal signal, CancellationToken cancellationToken)
    {
        ReleaseWriteRules.CheckSignal(signal);
        lock (_gate)
        {
            Calls++;
            if (!_partitions.TryGetValue(id, out var partition))
            {
                return Task.FromResult<AddSignal>(new AddSignal.NotFound());
            }

            if (partition.Signals.ContainsKey(signal.Id))
            {
                return Task.FromResult<AddSignal>(new AddSignal.AlreadyAdded());
            }

            if (Json.Read<ReleaseState>(partition.State).Outcome is { } outcome)
            {
                return Task.FromResult<AddSignal>(new AddSignal.Over(outcome));
            }

            partition.Signals.Add(signal.Id, (Json.Write(signal), false));
            return Task.FromResult<AddSignal>(new AddSignal.Added());
        }
    }

    /// <inheritdoc/>
    public Task<bool> FenceAsync(ReleaseId id, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            Calls++;
            if (!_partitions.TryGetValue(id, out var partition))
            {
                return Task.FromResult(false);
            }

            partition.Token = ++_lastToken;
            return Task.FromResult(true);
        }
    }

    /// <inheritdoc/>
    public async IAsyncEnumerable<ReleaseEvent> ReadEventsAsync(ReleaseId id, int afterSeq, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        List<string> events;
        lock (_gate)
        {
            events = _partitions.TryGetValue(id, out var partition) ? [.. partition.Events.Skip(afterSeq)] : [];
        }

        foreach (var json in events)
        {
            cancellationToken.ThrowIfCancellationRequested();
            yield return Json.Read<ReleaseEvent>(json);
        }
    }

    /// <summary>The states of all releases: what lists are rebuilt from.</summary>
    public IReadOnlyList<ReleaseState> States()
    {
        lock (_gate)
        {
            return [.. _partitions.Values.Select(p => Json.Read<ReleaseState>(p.State))];
        }
    }

    private SaveRelease Save(ReleaseSnapshot read, (int Seq, string Json)? newResult, ReleaseState next, IReadOnlyList<ReleaseEvent> events, IReadOnlyList<string> consumedSignals)
    {
        ReleaseWriteRules.CheckEvents(next, read.State.EventCount, events, consumedSignals.Count);
        lock (_gate)
        {
            Calls++;
            if (!_partitions.TryGetValue(next.Id, out var partition)
                || !string.Equals(read.Token, Text(partition.Token), StringComparison.Ordinal)
                || (newResult is { } known && partition.Results.ContainsKey(known.Seq)))
            {
                return new SaveRelease.Conflict();
            }

            if (consumedSignals.FirstOrDefault(s => !partition.Signals.ContainsKey(s)) is { } unknown)
            {
                throw new InvalidOperationException($"The signal '{unknown}' was never sent to {next.Id}.");
            }

            if (newResult is { } result)
            {
                partition.Results.Add(result.Seq, result.Json);
            }

            partition.State = Json.Write(next);
            partition.Token = ++_lastToken;
            partition.Events.AddRange(events.Select(Json.Write));
            foreach (var id in consumedSignals)
            {
                partition.Signals[id] = partition.Signals[id] with { Consumed = true };
            }

            return new SaveRelease.Saved(new ReleaseSnapshot(Json.Read<ReleaseState>(partition.State), [], null, Text(partition.Token)));
        }
    }

    private static ReleaseSnapshot Snapshot(Partition partition)
    {
        var state = Json.Read<ReleaseState>(partition.State);
        var signals = partition.Signals.Values.Where(s => !s.Consumed).Select(s => Json.Read<Signal>(s.Json))
            .OrderBy(s => s.At).ThenBy(s => s.Id, StringComparer.Ordinal).ToList();
        var result = state.Pending is { } pending && partition.Results.TryGetValue(pending.Seq, out var json) ? Json.Read<CommandResult>(json) : null;
        return new ReleaseSnapshot(state, signals, result, Text(partition.Token));
    }

    private static string Text(long token) => $"t{token}";

    private sealed class Partition
    {
        public required string State { get; set; }

        public required long Token { get; set; }

        public List<string> Events { get; } = [];

        public Dictionary<string, (string Json, bool Consumed)> Signals { get; } = new(StringComparer.Ordinal);

        public Dictionary<int, string> Results { get; } = [];
    }
}
