using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Whether a model is frozen.</summary>
public sealed class FreezeGuard(IFreezeStore freezes)
{
    /// <summary>The freeze that covers <paramref name="model"/>, in words; null if none does.</summary>
    public async Task<string?> FindAsync(ModelName model, CancellationToken cancellationToken) =>
        (await freezes.ListAsync(cancellationToken)).FirstOrDefault(f => f.Covers(model)) is { } freeze
            ? $"'{freeze.Scope}' is frozen by {freeze.By}: {freeze.Reason}"
            : null;
}
