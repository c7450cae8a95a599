namespace ModelFlow.LocalHost;

/// <summary>Finds the programs that the host starts.</summary>
internal static class Programs
{
    /// <summary>The full path of a program on the PATH.</summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public static string Find(string name) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':', StringSplitOptions.RemoveEmptyEntries)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists)
        ?? throw new FileNotFoundException($"'{name}' is not on the PATH.");

    /// <summary>
    /// The full path of one of ModelFlow's own programs: beside this one when published together, else in the build output of its
    /// project, in the same configuration as this one's.
    /// </summary>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public static string FindOwn(string project, string program)
    {
        var here = AppContext.BaseDirectory;
        var candidates = new[] { Path.Combine(here, program), Path.Combine(here.Replace("ModelFlow.LocalHost", project, StringComparison.Ordinal), program) };
        return candidates.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The program {program} is neither at {string.Join(" nor at ", candidates)}. Build it: dotnet build src/{project} -c Release");
    }
}
