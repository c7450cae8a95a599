namespace ModelFlow.Cli;

/// <summary>How a command ends, for scripts. Documented in <c>docs/cli.md</c>; numbers never change their meaning.</summary>
internal static class ExitCode
{
    /// <summary>Done.</summary>
    public const int Ok = 0;

    /// <summary>What was asked for was refused or failed: a release that did not become stable, a policy with mistakes, a broken chain.</summary>
    public const int Refused = 1;

    /// <summary>The command line, or something it sent, is wrong.</summary>
    public const int Usage = 2;

    /// <summary>There is no such model, version, release or file.</summary>
    public const int NotFound = 3;

    /// <summary>It cannot be done in the present state.</summary>
    public const int Conflict = 4;

    /// <summary>No valid token, or one that may not do this.</summary>
    public const int Unauthorized = 5;

    /// <summary>No host answers.</summary>
    public const int Unreachable = 6;

    /// <summary>Stopped by Ctrl+C.</summary>
    public const int Cancelled = 130;
}
