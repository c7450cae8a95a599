namespace ModelFlow.Testing.Product;

/// <summary>The product's programs, as they were built for this test run.</summary>
public static class Programs
{
    /// <summary>The full path of a project's program.</summary>
    public static string Path(string project, string program)
    {
        // …/bin/Release/net10.0/
        var parts = AppContext.BaseDirectory.TrimEnd('/').Split('/');
        return System.IO.Path.Combine(RepositoryRoot.Find(), "src", project, "bin", parts[^2], parts[^1], program);
    }
}
