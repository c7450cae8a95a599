using ModelFlow.Benchmarks.Analysis.Rivals;
using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Benchmarks.Tests.Analysis.Rivals;

/// <summary>Minutes of a thousand requests each way; stable fails in 1 %.</summary>
internal static class Minutes
{
    public static Minute Of(SeededGenerator random, int number, long generation, double errors) => new(number, generation, Side(random, 0.01), Side(random, errors));

    public static SideOfMinute Of(long requests, long errors, double milliseconds)
    {
        var durations = new LogHistogramBuilder();
        for (var i = 0; i < requests - errors; i++)
        {
            durations.Add(milliseconds * 1_000);
        }

        return new SideOfMinute(requests, errors, durations.Build(), new FeedbackTotals(10, 8, 8));
    }

    private static SideOfMinute Side(SeededGenerator random, double errors)
    {
        var durations = new LogHistogramBuilder();
        for (var i = 0; i < 200; i++)
        {
            durations.Add(50_000 * (1 + random.NextDouble()));
        }

        return new SideOfMinute(1_000, random.NextBinomial(1_000, errors), durations.Build(), random.NextBinomial(200, 0.8) is var good ? new FeedbackTotals(200, good, good) : default);
    }
}
