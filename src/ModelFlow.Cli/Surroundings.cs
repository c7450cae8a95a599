namespace ModelFlow.Cli;

/// <summary>Where a command runs: its streams, environment and folder. Tests put their own in its place.</summary>
internal sealed record Surroundings
{
    public required TextWriter Out { get; init; }

    public required TextWriter Error { get; init; }

    public required TextReader In { get; init; }

    /// <summary>Whether a person at a terminal reads what is written: colours, progress bars and questions are for them only.</summary>
    public required bool Interactive { get; init; }

    public required Func<string, string?> Environment { get; init; }

    public required string Folder { get; init; }

    public required TimeProvider Time { get; init; }

    public static Surroundings OfThisProcess() => new()
    {
        Out = Console.Out,
        Error = Console.Error,
        In = Console.In,
        Interactive = !Console.IsOutputRedirected && !Console.IsErrorRedirected && !Console.IsInputRedirected,
        Environment = System.Environment.GetEnvironmentVariable,
        Folder = Directory.GetCurrentDirectory(),
        Time = TimeProvider.System,
    };
}
