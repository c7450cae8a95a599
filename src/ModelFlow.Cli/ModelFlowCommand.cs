using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Demo;
using ModelFlow.Cli.Output;
using ModelFlow.Cli.Up;

namespace ModelFlow.Cli;

/// <summary>The <c>modelflow</c> command line.</summary>
internal static class ModelFlowCommand
{
    /// <summary>Runs a command line and says how it ended; see <see cref="ExitCode"/>.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> args, Surroundings surroundings, CancellationToken cancellationToken)
    {
        var root = Create(surroundings);
        var parse = root.Parse(args);
        if (parse.Errors.Count > 0 && parse.Action is ParseErrorAction)
        {
            var screen = new Screen(surroundings);
            foreach (var error in parse.Errors)
            {
                screen.Note($"modelflow: {error.Message}", Tone.Bad);
            }

            var command = parse.CommandResult.Command;
            screen.Note($"  See: modelflow {(command is RootCommand ? "" : command.Name + " ")}--help", Tone.Dim);
            return ExitCode.Usage;
        }

        // Ctrl-C asks a command to end and then waits for it: 'up' ends a storage that writes its books first.
        var configuration = new InvocationConfiguration { Output = surroundings.Out, Error = surroundings.Error, ProcessTerminationTimeout = TimeSpan.FromMinutes(5) };
        return await parse.InvokeAsync(configuration, cancellationToken);
    }

    /// <summary>Every command.</summary>
    public static RootCommand Create(Surroundings surroundings)
    {
        var root = new RootCommand("ModelFlow takes a model version from a file to all of production traffic, and back again in one call.");
        root.Add(GlobalOptions.Json);
        root.Add(GlobalOptions.Server);
        root.Add(GlobalOptions.Token);
        foreach (var command in Commands(surroundings))
        {
            root.Add(command);
        }

        root.SetAction(parse =>
        {
            new HelpAction().Invoke(parse);
            return ExitCode.Usage;
        });
        root.Options.OfType<HelpOption>().First().Action = new HelpWithExample();
        return root;
    }

    private static IEnumerable<Command> Commands(Surroundings surroundings) =>
    [
        DemoCommand.Create(surroundings),
        .. UpCommands.Create(surroundings),
        PushCommand.Create(surroundings),
        .. CatalogCommands.Create(surroundings),
        .. ReleaseCommands.Create(surroundings),
        .. SignalCommands.Create(surroundings),
        .. PeopleCommands.Create(surroundings),
        .. TrafficCommands.Create(surroundings),
        .. RetentionCommands.Create(surroundings),
        PolicyCommands.Create(surroundings),
        .. AdministrationCommands.Create(surroundings),
    ];

    /// <summary>The help, and an example at its end: it says more than a usage line.</summary>
    private sealed class HelpWithExample : SynchronousCommandLineAction
    {
        public override bool ClearsParseErrors => true;

        public override int Invoke(ParseResult parseResult)
        {
            var help = new HelpAction();
            help.Invoke(parseResult);
            if (parseResult.CommandResult.Command is CliCommand { Example: var example })
            {
                var output = parseResult.InvocationConfiguration.Output;
                output.WriteLine("Example:");
                foreach (var line in example.Split('\n'))
                {
                    output.WriteLine($"  {line}");
                }
            }

            return ExitCode.Ok;
        }
    }
}
