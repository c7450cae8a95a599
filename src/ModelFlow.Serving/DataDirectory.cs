using Microsoft.Extensions.Options;

namespace ModelFlow.Serving;

/// <summary>Makes the data directory, for this user only, and holds it against a second server.</summary>
internal sealed class DataDirectory : IDisposable
{
    private readonly FileStream _lock;

    /// <summary>Takes the directory.</summary>
    /// <exception cref="IOException">Another server holds it.</exception>
    public DataDirectory(IOptions<ServingOptions> options)
    {
        Root = Path.GetFullPath(options.Value.DataDirectory);
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(Root);
        }
        else
        {
            Directory.CreateDirectory(Root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }

        try
        {
            _lock = new FileStream(Path.Combine(Root, "server.lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException e)
        {
            throw new IOException($"Another model server uses {Root} (Serving:DataDirectory); give each its own.", e);
        }
    }

    /// <summary>The absolute path.</summary>
    public string Root { get; }

    public void Dispose() => _lock.Dispose();
}
