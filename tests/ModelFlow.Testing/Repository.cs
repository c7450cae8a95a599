namespace ModelFlow.Testing;

/// <summary>The clone that the tests run from.</summary>
public static class Repository
{
    /// <summary>The folder that has <c>ModelFlow.sln</c>.</summary>
    public static string Root { get; } = Find();

    private static string Find()
    {
        for (var folder = AppContext.BaseDirectory; folder is not null; folder = Path.GetDirectoryName(folder))
        {
            if (File.Exists(Path.Combine(folder, "ModelFlow.sln")))
            {
                return folder;
            }
        }

        throw new InvalidOperationException($"ModelFlow.sln was not found above {AppContext.BaseDirectory}.");
    }
}
