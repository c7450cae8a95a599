using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Testing.InMemory;

/// <summary>Legal holds in memory; off, as everywhere, until they are asked for.</summary>
public sealed class InMemoryVersionHolds(InMemoryBlobs blobs) : IVersionHolds
{
    /// <inheritdoc/>
    public bool IsOn { get; set; }

    /// <summary>What was asked for, in order.</summary>
    public List<(VersionName Version, bool Hold)> Calls { get; } = [];

    /// <summary>Answers in the storage's place; null lets it answer.</summary>
    public Func<VersionName, bool, SetHold?> Instead { get; set; } = (_, _) => null;

    /// <summary>Happens after a call took effect, before it is answered.</summary>
    public Func<VersionName, bool, Task> Then { get; set; } = (_, _) => Task.CompletedTask;

    /// <inheritdoc/>
    public async Task<SetHold> SetAsync(ModelName model, VersionName version, bool hold, CancellationToken cancellationToken)
    {
        Calls.Add((version, hold));
        if (Instead(version, hold) is { } answer)
        {
            return answer;
        }

        var files = blobs.List($"models/{model}/{version}/");
        var changed = files.Count(f => blobs.Find(f)!.Held != hold);
        foreach (var file in files)
        {
            blobs.SetHold(file, hold);
        }

        await Then(version, hold);
        return new SetHold.Done(files.Count, changed);
    }
}
