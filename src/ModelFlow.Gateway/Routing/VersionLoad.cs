using ModelFlow.Core.Naming;

namespace ModelFlow.Gateway.Routing;

/// <summary>The requests of one version that are under way, whichever route sent them there.</summary>
public sealed class VersionLoad(ModelName model, VersionName version)
{
    private int _inFlight;

    /// <summary>The model.</summary>
    public ModelName Model => model;

    /// <summary>The version.</summary>
    public VersionName Version => version;

    /// <summary>How many.</summary>
    public int InFlight => Volatile.Read(ref _inFlight);

    /// <summary>One more, unless there would be more than <paramref name="most"/>; 0 for no limit.</summary>
    internal bool TryEnter(int most)
    {
        if (Interlocked.Increment(ref _inFlight) <= most || most == 0)
        {
            return true;
        }

        Exit();
        return false;
    }

    /// <summary>One less.</summary>
    internal void Exit() => Interlocked.Decrement(ref _inFlight);
}
