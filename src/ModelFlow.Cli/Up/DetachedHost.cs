using ModelFlow.Cli.Commands;

namespace ModelFlow.Cli.Up;

/// <summary>Starts a host that goes on without this terminal.</summary>
internal static class DetachedHost
{
    private const string ReadyLine = "ModelFlow ";
    private const string LastLine = "Ctrl-C ";
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(100);

    /// <summary>Returns when it is up, having shown what it says, or with its exit code when it ends before.</summary>
    public static async Task<int> StartAsync(Call call, IReadOnlyList<string> arguments, string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            throw new CommandFailedException(ExitCode.Refused, "The embedded host runs on Linux.");
        }

        var log = Path.Combine(folder, "logs", "host.log");
        const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        Directory.CreateDirectory(folder, OwnerOnly);
        Directory.CreateDirectory(Path.GetDirectoryName(log)!, OwnerOnly);
        await using var file = new FileStream(log, FileMode.OpenOrCreate, FileAccess.Read, FileShare.ReadWrite);
        file.Seek(0, SeekOrigin.End);
        using var output = new StreamReader(file);
        using var host = HostProgram.StartDetached(call.Surroundings, arguments, log);
        var seen = new List<string>();
        while (true)
        {
            var ended = host.HasExited;
            while (await output.ReadLineAsync(call.CancellationToken) is { } line)
            {
                seen.Add(line);
                if (line.StartsWith(LastLine, StringComparison.Ordinal))
                {
                    foreach (var said in seen.SkipWhile(l => !l.StartsWith(ReadyLine, StringComparison.Ordinal)).SkipLast(1))
                    {
                        await call.Surroundings.Out.WriteLineAsync(said);
                    }

                    await call.Surroundings.Out.WriteLineAsync($"It goes on by itself: its log is {log}, 'modelflow down' ends it.");
                    return ExitCode.Ok;
                }
            }

            if (ended)
            {
                foreach (var said in seen)
                {
                    await call.Surroundings.Error.WriteLineAsync(said);
                }

                return host.ExitCode;
            }

            await Task.Delay(Poll, call.Surroundings.Time, call.CancellationToken);
        }
    }
}
