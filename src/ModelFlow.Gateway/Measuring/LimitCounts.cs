namespace ModelFlow.Gateway.Measuring;

/// <summary>How often each limit refused a request. For any number of threads.</summary>
public sealed class LimitCounts
{
    private readonly long[] _counts = new long[Enum.GetValues<LimitKind>().Length];

    /// <summary>A limit's name, as answers and metrics give it.</summary>
    public static string NameOf(LimitKind kind) => kind switch
    {
        LimitKind.ClientRate => "client-rate",
        LimitKind.ClientConcurrency => "client-concurrency",
        LimitKind.Gateway => "gateway-concurrency",
        LimitKind.Version => "version-concurrency",
        LimitKind.Feedback => "feedback",
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Counts one.</summary>
    public void Add(LimitKind kind) => Interlocked.Increment(ref _counts[(int)kind]);

    /// <summary>How often since the start.</summary>
    public long Of(LimitKind kind) => Interlocked.Read(ref _counts[(int)kind]);
}

/// <summary>What is limited.</summary>
public enum LimitKind
{
    /// <summary>A client's requests per second.</summary>
    ClientRate,

    /// <summary>A client's requests under way.</summary>
    ClientConcurrency,

    /// <summary>All requests under way.</summary>
    Gateway,

    /// <summary>A version's requests under way.</summary>
    Version,

    /// <summary>The marks that can be told apart.</summary>
    Feedback,
}
