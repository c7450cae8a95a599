using System.Collections.Concurrent;
using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.Json;
using ModelFlow.Testing;

namespace ModelFlow.Infra.Tests;

/// <summary>The compiler from the package, and what it makes of <c>infra/</c>.</summary>
internal static class Bicep
{
    private const string Subscription = "00000000-0000-0000-0000-000000000001";

    private static readonly string Program = typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Bicep").Value!;

    private static readonly ConcurrentDictionary<string, Lazy<Snapshot>> Snapshots = new(StringComparer.Ordinal);

    /// <summary>The folder <c>infra</c>.</summary>
    public static string Folder { get; } = Path.Combine(RepositoryRoot.Find(), "infra");

    /// <summary>Runs it and answers what it said, on both streams.</summary>
    public static (int Code, string Output, string Errors) Run(IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        RunIn(Folder, environment, arguments);

    /// <summary>As <see cref="Run"/>, in a folder.</summary>
    public static (int Code, string Output, string Errors) RunIn(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64, "the Bicep compiler's package is for Linux on x64");
        var start = new ProcessStartInfo(Program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = folder };
        foreach (var name in start.Environment.Keys.Where(k => k.StartsWith("MODELFLOW_", StringComparison.Ordinal)).ToList())
        {
            start.Environment.Remove(name);
        }

        foreach (var (name, value) in environment)
        {
            start.Environment[name] = value;
        }

        using var process = Process.Start(start)!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output, errors.GetAwaiter().GetResult());
    }

    /// <summary>The resources that a deployment with these parameters would ask for.</summary>
    /// <param name="parameters">Lines of a <c>.bicepparam</c> file.</param>
    public static Snapshot Deploy(string parameters) => Snapshots.GetOrAdd(parameters, p => new Lazy<Snapshot>(() =>
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-infra-").FullName;
        try
        {
            var main = Path.GetRelativePath(folder, Path.Combine(Folder, "main.bicep"));
            var file = Path.Combine(folder, "test.bicepparam");
            File.WriteAllText(file, $"using '{main}'\n{p}\n");
            return Take(file, new Dictionary<string, string>(StringComparer.Ordinal));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    })).Value;

    /// <summary>The resources that the sample asks for, with these variables.</summary>
    public static Snapshot DeploySample(IReadOnlyDictionary<string, string> environment)
    {
        var folder = Directory.CreateTempSubdirectory("modelflow-infra-").FullName;
        try
        {
            // The compiler writes its answer beside the file, so that is a copy.
            var main = Path.GetRelativePath(folder, Path.Combine(Folder, "main.bicep"));
            var file = Path.Combine(folder, "main.bicepparam");
            File.WriteAllText(file, File.ReadAllText(Path.Combine(Folder, "main.bicepparam")).Replace("using 'main.bicep'", $"using '{main}'", StringComparison.Ordinal));
            return Take(file, environment);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static Snapshot Take(string file, IReadOnlyDictionary<string, string> environment)
    {
        var (code, output, errors) = Run(environment, "snapshot", file, "--mode", "overwrite", "--subscription-id", Subscription, "--resource-group", "rg", "--location", "westeurope");
        Assert.True(code == 0 && errors.Length == 0, $"bicep snapshot: exit code {code}\n{output}{errors}");
        using var document = JsonDocument.Parse(File.ReadAllText(Path.ChangeExtension(file, ".snapshot.json")));
        return new Snapshot([.. document.RootElement.GetProperty("predictedResources").EnumerateArray().Select(r => new Resource(r.Clone()))]);
    }
}
