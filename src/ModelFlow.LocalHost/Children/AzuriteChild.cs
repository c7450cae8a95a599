using System.Globalization;
using ModelFlow.LocalHost.Folder;
using ModelFlow.LocalHost.Processes;

namespace ModelFlow.LocalHost;

/// <summary>The storage emulator, from <c>eng/azurite</c>.</summary>
internal static class AzuriteChild
{
    private const string Script = "eng/azurite/node_modules/azurite/dist/src/azurite.js";

    /// <summary>How to start it.</summary>
    /// <exception cref="HostStartException">Node.js or Azurite is not installed.</exception>
    public static ChildSpec Spec(DataFolder folder, Addresses addresses, HostSecrets secrets, HttpClient http)
    {
        var script = FindScript();
        string node;
        try
        {
            node = Programs.Find("node");
        }
        catch (FileNotFoundException)
        {
            throw new HostStartException("Node.js was not found: Azurite, the storage of the embedded host, runs on it. Install Node.js 20 or newer (Debian: apt-get install nodejs npm), or use a storage of your own with --storage.");
        }

        var (blob, queue, table) = (addresses.Blob!, addresses.Queue!, addresses.Table!);
        return new ChildSpec
        {
            Name = ChildNames.Azurite,
            FileName = node,
            Arguments =
            [
                script,
                "--location", folder.Storage,
                "--blobHost", blob.Host, "--blobPort", Text(blob.Port),
                "--queueHost", queue.Host, "--queuePort", Text(queue.Port),
                "--tableHost", table.Host, "--tablePort", Text(table.Port),
                "--disableTelemetry", "--skipApiVersionCheck", "--silent",
            ],
            Environment = new Dictionary<string, string>(StringComparer.Ordinal)
            {
                ["AZURITE_ACCOUNTS"] = $"{secrets.StorageAccount}:{secrets.StorageKey}",
                ["NODE_OPTIONS"] = "",
            },
            Builds = [script],
            Ports = new Dictionary<string, int>(StringComparer.Ordinal) { ["--blob-port"] = blob.Port, ["--queue-port"] = queue.Port, ["--table-port"] = table.Port },
            IsHealthyAsync = async cancel =>
            {
                // Any answer will do: without a signature it is a refusal.
                foreach (var service in new[] { blob, queue, table })
                {
                    using var answer = await http.GetAsync(new Uri(service, $"{secrets.StorageAccount}?comp=list"), cancel);
                }

                return true;
            },
            ReadyWithin = TimeSpan.FromSeconds(60),

            // It keeps its books in memory and writes them when it ends: cutting that short loses the newest.
            StopWithin = TimeSpan.FromSeconds(60),
        };
    }

    /// <summary>For clients of it.</summary>
    public static string ConnectionString(Addresses addresses, HostSecrets secrets) =>
        $"DefaultEndpointsProtocol=http;AccountName={secrets.StorageAccount};AccountKey={secrets.StorageKey};"
        + $"BlobEndpoint={addresses.Blob}{secrets.StorageAccount};QueueEndpoint={addresses.Queue}{secrets.StorageAccount};TableEndpoint={addresses.Table}{secrets.StorageAccount};";

    private static string FindScript()
    {
        var roots = new List<string>();
        if (Environment.GetEnvironmentVariable("MODELFLOW_HOME") is { Length: > 0 } home)
        {
            roots.Add(home);
        }

        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            roots.Add(folder.FullName);
        }

        return roots.Select(root => Path.Combine(root, Script)).FirstOrDefault(File.Exists)
            ?? throw new HostStartException($"Azurite, the storage of the embedded host, is not installed. Run eng/setup in the clone (set MODELFLOW_HOME to it if the programs lie elsewhere), or use a storage of your own with --storage.");
    }

    private static string Text(int port) => port.ToString(CultureInfo.InvariantCulture);
}
