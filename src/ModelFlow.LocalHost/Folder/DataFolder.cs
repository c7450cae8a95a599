using System.Globalization;
using ModelFlow.EvaluatorProcess;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost.Folder;

/// <summary>The folder in which a host keeps everything: storage, secrets, addresses, logs, and the books of its processes. Readable by its owner only.</summary>
public sealed class DataFolder
{
    private const string Standby = ".standby";
    private const string Host = ".host";
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;

    /// <summary>Names the folder; makes nothing.</summary>
    public DataFolder(string path) => Path = System.IO.Path.GetFullPath(path);

    /// <summary>Its full path.</summary>
    public string Path { get; }

    /// <summary>Where the children's books are.</summary>
    public string Run => At("run");

    /// <summary>Where the children's output goes.</summary>
    public string Logs => At("logs");

    /// <summary>Azurite's data.</summary>
    public string Storage => At("storage");

    /// <summary>The model server's files.</summary>
    public string Serving => At("serving");

    /// <summary>The gateway's last good routes.</summary>
    public string Gateway => At("gateway");

    /// <summary>Working folders of evaluations.</summary>
    public string Evaluations => At("evaluations");

    /// <summary>
    /// The working folder of this process's evaluations: the folder's host has always the same one, with what it downloaded; a stand-in has one of its
    /// own, for a frozen host may wake and go on with its.
    /// </summary>
    public string EvaluationsOf(bool standby) =>
        System.IO.Path.Combine(Evaluations, standby ? Environment.ProcessId.ToString(CultureInfo.InvariantCulture) : "host");

    /// <summary>Where everything listens: chosen at the first start, kept after.</summary>
    public string AddressesFile => At("addresses.json");

    /// <summary>What the command line needs to sign in; mode 600.</summary>
    public string CredentialsFile => At("credentials.json");

    /// <summary>Secrets between the parts; mode 600.</summary>
    public string SecretsFile => At("secrets.json");

    /// <summary>One file for each host process on this folder.</summary>
    public string Hosts => System.IO.Path.Combine(Run, "hosts");

    private string LockFile => System.IO.Path.Combine(Run, "host.lock");

    /// <summary>Makes the folder and what it needs.</summary>
    /// <exception cref="HostStartException">It cannot be made or written.</exception>
    public void Create()
    {
        try
        {
            foreach (var folder in new[] { Path, Run, Hosts, Logs, Storage, Serving, Gateway, Evaluations })
            {
                Directory.CreateDirectory(folder, OwnerOnly);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new HostStartException($"The data folder {Path} cannot be used: {e.Message} Choose another with --data.");
        }
    }

    /// <summary>
    /// Becomes the one host that supervises the folder's children; null while another is. The kernel gives the lock back when the process ends,
    /// however it ends; children do not inherit it.
    /// </summary>
    public IDisposable? TryLock()
    {
        try
        {
            return new FileStream(LockFile, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
        }
        catch (IOException)
        {
            return null;
        }
    }

    /// <summary>Notes that this process is a host of the folder, or changes from stand-in to host; disposing of any entry forgets it.</summary>
    public IDisposable Enter(bool standby)
    {
        var path = System.IO.Path.Combine(Hosts, Environment.ProcessId.ToString(CultureInfo.InvariantCulture));
        File.WriteAllText(path + (standby ? Standby : Host), ProcessIdentity.Current.ToString());
        File.Delete(path + (standby ? Host : Standby));
        return new Entry(path);
    }

    /// <summary>The living host processes of the folder, standbys first.</summary>
    public IReadOnlyList<(ProcessIdentity Process, bool Standby)> ListHosts()
    {
        if (!Directory.Exists(Hosts))
        {
            return [];
        }

        var living = new List<(ProcessIdentity, bool)>();
        foreach (var file in Directory.EnumerateFiles(Hosts))
        {
            if (ProcessIdentity.TryParse(File.ReadAllText(file)) is { } process && process.IsAlive())
            {
                living.Add((process, file.EndsWith(Standby, StringComparison.Ordinal)));
            }
            else
            {
                File.Delete(file);
            }
        }

        return [.. living.OrderByDescending(h => h.Item2)];
    }

    private string At(string name) => System.IO.Path.Combine(Path, name);

    private sealed class Entry(string path) : IDisposable
    {
        public void Dispose()
        {
            File.Delete(path + Standby);
            File.Delete(path + Host);
        }
    }
}

/// <summary>The host cannot start; the message is for people and names the remedy.</summary>
public sealed class HostStartException(string message) : Exception(message);
