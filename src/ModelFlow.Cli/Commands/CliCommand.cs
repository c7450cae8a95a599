using System.CommandLine;
using ModelFlow.Cli.Connecting;
using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Commands;

/// <summary>A command with an example in its help, whose body speaks to a host.</summary>
internal sealed class CliCommand : Command
{
    /// <summary>A command that does something.</summary>
    public CliCommand(string name, string description, string example, Surroundings surroundings, IEnumerable<Symbol> symbols, Func<Call, Task<int>> body)
        : this(name, description, example, symbols) =>
        SetAction((parse, cancellationToken) => RunAsync(surroundings, parse, body, cancellationToken));

    /// <summary>A command that only groups others.</summary>
    public CliCommand(string name, string description, string example, params IEnumerable<Symbol> symbols)
        : base(name, description)
    {
        Example = example;
        foreach (var symbol in symbols)
        {
            switch (symbol)
            {
                case Argument argument:
                    Add(argument);
                    break;
                case Option option:
                    Add(option);
                    break;
                case Command command:
                    Add(command);
                    break;
            }
        }
    }

    /// <summary>What a person types, shown in the help.</summary>
    public string Example { get; }

    private static async Task<int> RunAsync(Surroundings surroundings, ParseResult parse, Func<Call, Task<int>> body, CancellationToken cancellationToken)
    {
        var screen = new Screen(surroundings);
        var json = parse.GetValue(GlobalOptions.Json);
        try
        {
            using var call = new Call(surroundings, parse, screen, json, cancellationToken);
            return await body(call);
        }
        catch (CommandFailedException e)
        {
            screen.Problem(e);
            if (json)
            {
                screen.Json(e.AsProblem());
            }

            return e.ExitCode;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            screen.Note("modelflow: stopped");
            return ExitCode.Cancelled;
        }
    }
}

/// <summary>The options every command has.</summary>
internal static class GlobalOptions
{
    public static readonly Option<bool> Json = new("--json") { Description = "Print JSON instead of text.", Recursive = true };

    public static readonly Option<string?> Server = new("--server")
    {
        Description = "The host's address. Else MODELFLOW_SERVER, else the credentials file, else http://127.0.0.1:7600.",
        HelpName = "URL",
        Recursive = true,
    };

    public static readonly Option<string?> Token = new("--token")
    {
        Description = "A bearer token. Other users can see command lines: better MODELFLOW_TOKEN or the credentials file.",
        HelpName = "TOKEN",
        Recursive = true,
    };
}

/// <summary>One run of a command.</summary>
internal sealed class Call(Surroundings surroundings, ParseResult parse, Screen screen, bool json, CancellationToken cancellationToken) : IDisposable
{
    private ApiClient? _api;

    public Surroundings Surroundings => surroundings;

    public Screen Screen => screen;

    /// <summary>Whether JSON is wanted.</summary>
    public bool Json => json;

    public CancellationToken CancellationToken => cancellationToken;

    /// <summary>The host; found when it is first asked for.</summary>
    public ApiClient Api => _api ??= new ApiClient(
        Connection.Resolve(surroundings, parse.GetValue(GlobalOptions.Server), parse.GetValue(GlobalOptions.Token)),
        surroundings.Time);

    /// <summary>The token named on the command line.</summary>
    public string? Token => parse.GetValue(GlobalOptions.Token);

    public T? Get<T>(Option<T> option) => parse.GetValue(option);

    /// <summary>An argument; null only if it may be left out and was.</summary>
    public T Get<T>(Argument<T> argument) => parse.GetValue(argument)!;

    public string FullPath(string path) => Path.GetFullPath(path, surroundings.Folder);

    public void Dispose() => _api?.Dispose();
}
