using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace ModelFlow.Benchmarks.Gateway;

/// <summary>Load by wrk, from one core.</summary>
internal static partial class Wrk
{
    /// <summary>Loads an address for some seconds.</summary>
    /// <exception cref="InvalidOperationException">A request failed.</exception>
    public static async Task<WrkResult> RunAsync(int core, LoadCase load, int seconds, string script, string address, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(
            "taskset", ["-c", $"{core}", "wrk", "-t1", $"-c{load.Connections}", $"-d{seconds}s", "--timeout", "20s", "--latency", "-s", script, address])
        { RedirectStandardOutput = true, UseShellExecute = false };
        using var wrk = Process.Start(start)!; // A new program is a new process.
        var said = await wrk.StandardOutput.ReadToEndAsync(cancellationToken);
        await wrk.WaitForExitAsync(cancellationToken);
        if (wrk.ExitCode != 0 || said.Contains("Non-2xx", StringComparison.Ordinal) || said.Contains("Socket errors", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(said);
        }

        return new WrkResult(
            double.Parse(Requests().Match(said).Groups["count"].ValueSpan, CultureInfo.InvariantCulture),
            double.Parse(PerSecond().Match(said).Groups["rate"].ValueSpan, CultureInfo.InvariantCulture),
            Milliseconds(said, "50%"),
            Milliseconds(said, "99%"));
    }

    private static double Milliseconds(string said, string quantile)
    {
        var match = Latency().Matches(said).First(m => string.Equals(m.Groups["quantile"].Value, quantile, StringComparison.Ordinal));
        var value = double.Parse(match.Groups["value"].ValueSpan, CultureInfo.InvariantCulture);
        return match.Groups["unit"].Value switch
        {
            "us" => value / 1_000,
            "ms" => value,
            _ => value * 1_000,
        };
    }

    [GeneratedRegex("(?<count>[0-9]+) requests in", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Requests();

    [GeneratedRegex("Requests/sec: +(?<rate>[0-9.]+)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex PerSecond();

    [GeneratedRegex("(?<quantile>[0-9]+%) +(?<value>[0-9.]+)(?<unit>us|ms|s)", RegexOptions.CultureInvariant, 1000)]
    private static partial Regex Latency();
}

/// <summary>What wrk said.</summary>
internal sealed record WrkResult(double Requests, double PerSecond, double P50Milliseconds, double P99Milliseconds);
