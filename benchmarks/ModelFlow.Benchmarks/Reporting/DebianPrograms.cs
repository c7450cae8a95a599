namespace ModelFlow.Benchmarks.Reporting;

/// <summary>Programs from Debian packages of the same name.</summary>
internal static class DebianPrograms
{
    private static readonly string[] Folders = [.. (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':'), "/usr/sbin"];

    /// <summary>Whether it is installed.</summary>
    public static bool IsThere(string name) => Folders.Any(f => File.Exists(Path.Combine(f, name)));

    /// <summary>Its full path.</summary>
    public static string Find(string name) => Folders.Select(f => Path.Combine(f, name)).First(File.Exists);
}
