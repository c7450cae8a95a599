namespace ModelFlow.Cli.Tests.Support;

/// <summary>What a run of the command line wrote and how it ended.</summary>
internal sealed record Run(int Exit, string Out, string Error)
{
    public IReadOnlyList<string> Lines => Out.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>Runs the command line in this process, not on a terminal.</summary>
internal sealed class Cli : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("modelflow-cli-");

    /// <summary>The folder it runs in; deleted in the end.</summary>
    public string Folder => _folder.FullName;

    public Dictionary<string, string> Environment { get; } = new(StringComparer.Ordinal);

    public string Input { get; set; } = "";

    public TimeProvider Time { get; set; } = TimeProvider.System;

    public static Cli For(FakeHost host) => new() { Environment = { ["MODELFLOW_SERVER"] = host.Address, ["MODELFLOW_TOKEN"] = "mf_test" } };

    public Task<Run> RunAsync(params string[] args) => RunAsync(TestContext.Current.CancellationToken, args);

#pragma warning disable CA1068 // The arguments come last, as on a command line.
    public async Task<Run> RunAsync(CancellationToken cancellationToken, params string[] args)
#pragma warning restore CA1068
    {
        using var output = new StringWriter { NewLine = "\n" };
        using var error = new StringWriter { NewLine = "\n" };
        var surroundings = new Surroundings
        {
            Out = output,
            Error = error,
            In = new StringReader(Input),
            Interactive = false,
            Environment = name => Environment.GetValueOrDefault(name),
            Folder = Folder,
            Time = Time,
        };
        var exit = await ModelFlowCommand.RunAsync(args, surroundings, cancellationToken);
        return new Run(exit, output.ToString(), error.ToString());
    }

    public string Write(string name, string content)
    {
        var path = Path.Combine(Folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, content);
        return path;
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
