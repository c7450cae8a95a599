using System.Diagnostics;

namespace ModelFlow.Benchmarks.Product;

/// <summary>A program that is run to its end.</summary>
internal static class TimedProcess
{
    /// <summary>Runs it. Returns the seconds from its start to its end.</summary>
    /// <exception cref="InvalidOperationException">It ended with another exit code than 0; the message has its output.</exception>
    public static async Task<double> RunAsync(string program, IEnumerable<string> arguments, Dictionary<string, string> environment, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        var clock = Stopwatch.StartNew();
        using var process = Process.Start(start)!;
        var said = Task.WhenAll(process.StandardOutput.ReadToEndAsync(cancellationToken), process.StandardError.ReadToEndAsync(cancellationToken));
        await process.WaitForExitAsync(cancellationToken);
        var seconds = clock.Elapsed.TotalSeconds;
        return process.ExitCode == 0 ? seconds : throw new InvalidOperationException($"{program} ended with exit code {process.ExitCode}: {string.Join('\n', await said)}");
    }
}
