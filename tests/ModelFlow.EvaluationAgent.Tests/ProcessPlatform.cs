using System.Collections.Concurrent;
using System.Diagnostics;
using ModelFlow.Core.Ports;

namespace ModelFlow.EvaluationAgent.Tests;

/// <summary>A platform whose containers are processes here; a start may be made several times.</summary>
internal sealed class ProcessPlatform(AgentBench bench, int containersForAStart) : IEvaluationPlatform, IDisposable
{
    private readonly ConcurrentDictionary<int, List<Process>> _containers = new();

    public string Name => "this machine";

    /// <summary>How the last look found the containers.</summary>
    public int Count => _containers.Values.Sum(c => c.Count);

    /// <summary>The evaluator that a start's containers run.</summary>
    public Func<int, string[]> Command { get; init; } = _ => [AgentBench.Evaluator];

    public Task<StartContainer> StartAsync(PreparedStart start, TimeSpan timeLimit, CancellationToken cancellationToken)
    {
        _containers.GetOrAdd(start.Number, _ => []).AddRange(Enumerable.Range(0, containersForAStart).Select(_ => bench.Start(start, Command(start.Number))));
        return Task.FromResult<StartContainer>(new StartContainer.Later(TimeSpan.FromSeconds(1), "the answer was lost"));
    }

    public Task<ContainerState> LookAsync(PreparedStart start, CancellationToken cancellationToken) => Task.FromResult<ContainerState>(
        !_containers.TryGetValue(start.Number, out var all) ? new ContainerState.None()
        : all.TrueForAll(c => c.HasExited) ? new ContainerState.Ended("process", $"exit code {all[0].ExitCode}")
        : new ContainerState.Active("process"));

    public Task<bool> StopAsync(PreparedStart start, CancellationToken cancellationToken)
    {
        foreach (var container in _containers.GetValueOrDefault(start.Number, []).Where(c => !c.HasExited))
        {
            container.Kill();
        }

        return Task.FromResult(true);
    }

    public void Dispose()
    {
        foreach (var container in _containers.Values.SelectMany(c => c))
        {
            if (!container.HasExited)
            {
                container.Kill();
            }

            container.Dispose();
        }
    }
}
