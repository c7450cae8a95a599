using Azure.Core;
using Azure.Core.Pipeline;

namespace ModelFlow.LocalHost.Leasing;

/// <summary>
/// Stands before the storage: what is done under a lease term sends no write any more once the term may be over, even if the process was frozen
/// between deciding and writing. Work outside any term (requests to the API) passes: its writes are conditional by themselves.
/// </summary>
public sealed class LeaseGuard(HttpPipelineTransport inner) : HttpPipelineTransport
{
    private static readonly AsyncLocal<LeaseTerm?> Current = new();

    /// <summary>From here on, in this flow and what it starts, work is done under <paramref name="term"/>.</summary>
    public static void Enter(LeaseTerm term) => Current.Value = term;

    /// <inheritdoc/>
    public override Request CreateRequest() => inner.CreateRequest();

    /// <inheritdoc/>
    public override void Process(HttpMessage message)
    {
        Check(message);
        inner.Process(message);
    }

    /// <inheritdoc/>
    public override ValueTask ProcessAsync(HttpMessage message)
    {
        Check(message);
        return inner.ProcessAsync(message);
    }

    private static void Check(HttpMessage message)
    {
        ArgumentNullException.ThrowIfNull(message);
        if (Current.Value is { IsHeld: false } over && message.Request.Method != RequestMethod.Get && message.Request.Method != RequestMethod.Head)
        {
            throw new LeaseOverException(over.Epoch);
        }
    }
}

/// <summary>A write was held back: this host's term is over, or may be.</summary>
public sealed class LeaseOverException(long epoch) : Exception($"The term of epoch {epoch} is over: nothing is written under it any more.");
