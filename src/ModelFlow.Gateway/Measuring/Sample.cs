using System.Runtime.InteropServices;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Gateway.Measuring;

/// <summary>One request that came to its end.</summary>
/// <param name="Counter">Where it counts.</param>
/// <param name="Version">The version it was meant for.</param>
/// <param name="Choice">How that version was chosen.</param>
/// <param name="Outcome">How it ended.</param>
/// <param name="HasKey">Whether it had a sticky key.</param>
/// <param name="Microseconds">From its arrival to its end.</param>
/// <param name="FirstByteMicroseconds">From its arrival to the first byte of its answer.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct Sample(WindowCounter Counter, string Version, RouteChoice Choice, RequestOutcome Outcome, bool HasKey, long Microseconds, long FirstByteMicroseconds)
{
    /// <summary>From its arrival to the first token of its answer; 0 where no stream of tokens was answered.</summary>
    public long FirstTokenMicroseconds { get; init; }

    /// <summary>Tokens of its prompt.</summary>
    public long PromptTokens { get; init; }

    /// <summary>Tokens generated, also for an answer that broke off.</summary>
    public long CompletionTokens { get; init; }

    /// <summary>The slice that its client named, while a version ramps; null without one.</summary>
    public string? Slice { get; init; }
}

/// <summary>A mark that a user gave an answer.</summary>
/// <param name="Counter">Where it counts.</param>
/// <param name="Version">The version that answered.</param>
/// <param name="SubBucket">The group of the sticky key.</param>
/// <param name="Kind">How the request had come to the version.</param>
/// <param name="Score">0 to 1.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct FeedbackMark(WindowCounter Counter, string Version, int SubBucket, TrafficKind Kind, double Score)
{
    /// <summary>The slice of the request; null without one.</summary>
    public string? Slice { get; init; }
}

/// <summary>One request that should have been mirrored, and what became of it.</summary>
/// <param name="Mirrored">How the version in the shadow answered.</param>
/// <param name="Pair">The pair of answers; without one, why there is none.</param>
/// <param name="StableMicroseconds">Stable's time; 0 where the pair is not timed.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct PairSample(Sample Mirrored, PairTotals Pair, long StableMicroseconds);

/// <summary>How a request ended.</summary>
public enum RequestOutcome
{
    /// <summary>Answered with a status below 400.</summary>
    Answered,

    /// <summary>Answered with a status of 400 to 499.</summary>
    ClientError,

    /// <summary>Answered with a status of 500 or more, or the answer broke off.</summary>
    UpstreamError,

    /// <summary>The model server was silent for too long.</summary>
    Timeout,

    /// <summary>The model server took no connection.</summary>
    ConnectError,

    /// <summary>The client went away, or its request broke off.</summary>
    ClientAbort,
}
