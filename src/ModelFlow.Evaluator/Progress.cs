using System.Diagnostics;

namespace ModelFlow.Evaluator;

/// <summary>Says on standard output how far it is: <c>progress 0.35 rows 210 of 597</c>, at most twice a second.</summary>
internal sealed class Progress(TextWriter writer)
{
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private long _last;

    public void Say(string text)
    {
        writer.WriteLine(text);
        writer.Flush();
    }

    public void Report(string what, long done, long all)
    {
        if (done >= all || _last == 0 || Stopwatch.GetElapsedTime(_last) >= Pause)
        {
            _last = Stopwatch.GetTimestamp();
            Say($"progress {done / (double)all:0.00} {what} {done} of {all}");
        }
    }
}
