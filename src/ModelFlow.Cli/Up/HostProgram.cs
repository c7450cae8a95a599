using System.Diagnostics;
using System.Globalization;

namespace ModelFlow.Cli.Up;

/// <summary>The embedded host as a program of its own: this command line only starts and stops it.</summary>
internal static class HostProgram
{
    private const string Name = "modelflow-host";

    /// <summary>Its full path: beside this program, or in the build output of its project.</summary>
    /// <exception cref="CommandFailedException">It is not there.</exception>
    public static string Find(Surroundings surroundings)
    {
        var here = AppContext.BaseDirectory;
        var places = new List<string> { Path.Combine(here, Name), Path.Combine(here.Replace("ModelFlow.Cli", "ModelFlow.LocalHost", StringComparison.Ordinal), Name) };
        if (surroundings.Environment("MODELFLOW_HOME") is { Length: > 0 } home)
        {
            places.Add(Path.Combine(home, "src", "ModelFlow.LocalHost", "bin", "Release", "net10.0", Name));
        }

        return places.FirstOrDefault(File.Exists)
            ?? throw new CommandFailedException(ExitCode.NotFound, $"The program {Name} was not found.", "Run ./modelflow in a clone, or build it: dotnet build src/ModelFlow.LocalHost -c Release");
    }

    /// <summary>Runs it with this terminal until it ends; a wish to stop is passed on, and its ending waited for. Returns its exit code.</summary>
    public static async Task<int> RunAsync(Surroundings surroundings, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        using var host = Start(new ProcessStartInfo(Find(surroundings), arguments), surroundings);
        try
        {
            await host.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Ctrl-C in a terminal has reached it already; a second wish changes nothing.
            Ask(host.Id);
            await host.WaitForExitAsync(CancellationToken.None);
        }

        return host.ExitCode;
    }

    /// <summary>Starts it in a session of its own, its output in <paramref name="log"/>.</summary>
    public static Process StartDetached(Surroundings surroundings, IEnumerable<string> arguments, string log)
    {
        const string Script = """log=$1; shift; exec setsid "$@" >>"$log" 2>&1 </dev/null""";
        return Start(new ProcessStartInfo("/bin/sh", ["-c", Script, "sh", log, Find(surroundings), .. arguments]), surroundings);
    }

    /// <summary>Asks a process to end.</summary>
    public static void Ask(int processId)
    {
        using var kill = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "kill -TERM \"$1\"", "sh", processId.ToString(CultureInfo.InvariantCulture)]));
        kill?.WaitForExit();
    }

    private static Process Start(ProcessStartInfo start, Surroundings surroundings)
    {
        start.UseShellExecute = false;
        start.WorkingDirectory = surroundings.Folder;
        return Process.Start(start) ?? throw new InvalidOperationException($"{start.FileName} was not started.");
    }
}
