namespace ModelFlow.Testing;

/// <summary>Finds files of the repository from a test's build output.</summary>
public static class RepositoryRoot
{
    /// <summary>The folder that has <c>ModelFlow.sln</c>.</summary>
    public static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ModelFlow.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"There is no ModelFlow.sln above {AppContext.BaseDirectory}.");
    }
}
