using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Traffic;
using ModelFlow.Orchestration;

namespace ModelFlow.Api.Tests.Support;

/// <summary>One gateway that confirms every route.</summary>
public sealed class FakeRouter : ITrafficRouter
{
    public ConcurrentQueue<ServedRoute> Pushed { get; } = new();

    public Task<PushedRoute> PushAsync(ServedRoute route, CancellationToken cancellationToken)
    {
        Pushed.Enqueue(route);
        return Task.FromResult(new PushedRoute(1, 1));
    }
}

/// <summary>A model server that loads everything but what it is told to refuse.</summary>
public sealed class FakeModelServer : IModelServer, IModelWarmUp
{
    public ConcurrentDictionary<VersionName, bool> Refuses { get; } = new();

    public ConcurrentQueue<VersionName> Loaded { get; } = new();

    public Task<LoadModel> LoadAsync(VersionRecord version, VersionName instance, CancellationToken cancellationToken)
    {
        if (Refuses.ContainsKey(instance))
        {
            return Task.FromResult<LoadModel>(new LoadModel.Refused("it is told to refuse"));
        }

        Loaded.Enqueue(instance);
        return Task.FromResult<LoadModel>(new LoadModel.Ready([new Uri("http://127.0.0.1:2/")], TimeSpan.FromSeconds(1)));
    }

    public Task<WarmUpModel> WarmUpAsync(VersionRecord version, IReadOnlyList<Uri> replicas, WarmUpPlan plan, CancellationToken cancellationToken) =>
        Task.FromResult<WarmUpModel>(new WarmUpModel.Warm(plan.Requests, "rows", TimeSpan.Zero, TimeSpan.Zero));

    public Task UnloadAsync(ModelName model, VersionName version, CancellationToken cancellationToken) => Task.CompletedTask;

    public Task<IReadOnlyList<ServedVersion>> ListAsync(CancellationToken cancellationToken) => Task.FromResult<IReadOnlyList<ServedVersion>>([]);
}

/// <summary>Remembers who was rung for.</summary>
public sealed class RingCounter : IDoorbell
{
    public ConcurrentQueue<ReleaseId> Rings { get; } = new();

    public void Ring(ReleaseId id) => Rings.Enqueue(id);
}

/// <summary>Everything that was logged, at every level, with its scopes and exceptions.</summary>
public sealed class CapturedLog : ILoggerProvider
{
    public ConcurrentQueue<string> Lines { get; } = new();

    public ILogger CreateLogger(string categoryName) => new Logger(categoryName, Lines);

    public void Dispose()
    {
    }

    private sealed class Logger(string category, ConcurrentQueue<string> lines) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull
        {
            lines.Enqueue($"{category} scope {state}");
            return null;
        }

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            lines.Enqueue($"{logLevel} {category} {formatter(state, exception)} {exception}");
    }
}
