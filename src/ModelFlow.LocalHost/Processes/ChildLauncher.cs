using System.Diagnostics;

namespace ModelFlow.LocalHost.Processes;

/// <summary>Starts a child in a session of its own, so that neither the terminal's Ctrl-C nor the host's death ends it.</summary>
internal static class ChildLauncher
{
    /// <summary>The launcher's exit code when another child of the same name lives.</summary>
    public const int AnotherLives = 75;

    // 1. File descriptor 9 keeps the lock; it is inherited through both exec's, so it is held exactly as long as the child lives.
    // 2. The identity is written by the child itself: a host killed between start and bookkeeping loses nobody.
    //    Neither exec changes process id or start time. The file appears whole, by a rename.
    // 3. Output goes to a file, not to a pipe: the child outlives its host and must not die of a broken pipe.
    private const string Script = """
        exec 2>>"$3" 9>"$1" && flock -n 9 || exit 75
        ticks() { shift 19; printf '%s' "$1"; }
        read -r stat < "/proc/$$/stat" || exit 74
        printf '%s %s\n' "$$" "$(ticks ${stat##*) })" > "$2.new" && mv "$2.new" "$2" || exit 74
        log=$3; shift 3
        exec setsid "$@" >>"$log" 2>&1 </dev/null
        """;

    /// <summary>Starts it; the returned process is the launcher, then the child.</summary>
    public static Process Start(ChildSpec spec, ChildFiles files)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = "/" };
        foreach (var argument in (string[])["-c", Script, "modelflow-child", files.LockPath, files.PidPath, files.LogPath, spec.FileName, .. spec.Arguments])
        {
            start.ArgumentList.Add(argument);
        }

        foreach (var (name, value) in spec.Environment)
        {
            start.Environment[name] = value;
        }

        return Process.Start(start) ?? throw new InvalidOperationException("/bin/sh was not started.");
    }
}
