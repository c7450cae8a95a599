using System.CommandLine;
using ModelFlow.Cli.Commands;
using ModelFlow.Cli.Tests.Support;

namespace ModelFlow.Cli.Tests.Commands;

public sealed class CommandLineTests
{
    public static TheoryData<string> EveryCommand => new(All(Root(), "").Select(c => c.Path));

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public async Task Help_everyCommand_hasUsageAndAnExampleThatParses(string path)
    {
        using var cli = new Support.Cli();
        var run = await cli.RunAsync([.. path.Split(' '), "--help"]);
        Assert.Equal(0, run.Exit);
        Assert.Contains("Usage:", run.Out, StringComparison.Ordinal);
        Assert.Contains("Example:\n  modelflow ", run.Out, StringComparison.Ordinal);

        var command = (CliCommand)All(Root(), "").Single(c => c.Path == path).Command;
        foreach (var example in command.Example.Split('\n'))
        {
            var parsed = Root().Parse(Words(example).Skip(1).ToArray());
            Assert.True(parsed.Errors.Count == 0, $"'{example}': {string.Join("; ", parsed.Errors)}");
            Assert.StartsWith("modelflow " + path, example, StringComparison.Ordinal);
        }
    }

    [Theory]
    [MemberData(nameof(EveryCommand))]
    public void Docs_everyCommand_isOnThePage(string path) =>
        Assert.Contains($"modelflow {path}", File.ReadAllText(Path.Combine(ModelFlow.Testing.RepositoryRoot.Find(), "docs", "cli.md")), StringComparison.Ordinal);

    [Theory]
    [InlineData("", 2)]
    [InlineData("frobnicate", 2)]
    [InlineData("models --frob", 2)]
    [InlineData("show", 2)]
    [InlineData("push . --model digits", 2)]
    [InlineData("rollback digits", 2)]
    [InlineData("reject digits-v1.0.0-1", 2)]
    [InlineData("releases --limit 0", 2)]
    [InlineData("releases --limit many", 2)]
    [InlineData("push . --model a --version v1.0.0 --parallel 1000", 2)]
    [InlineData("--version", 0)]
    [InlineData("--help", 0)]
    public async Task Parse_commandLine_endsWith(string line, int exit)
    {
        using var cli = new Support.Cli();
        Assert.Equal(exit, (await cli.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).Exit);
    }

    [Fact]
    public async Task Parse_mistake_namesItAndTheHelp()
    {
        using var cli = new Support.Cli();
        var run = await cli.RunAsync("rollback", "digits");
        Assert.Contains("--reason", run.Error, StringComparison.Ordinal);
        Assert.Contains("modelflow rollback --help", run.Error, StringComparison.Ordinal);
        Assert.Empty(run.Out);
    }

    private static RootCommand Root() => ModelFlowCommand.Create(new Surroundings
    {
        Out = TextWriter.Null,
        Error = TextWriter.Null,
        In = TextReader.Null,
        Interactive = false,
        Environment = _ => null,
        Folder = Path.GetTempPath(),
        Time = TimeProvider.System,
    });

    private static IEnumerable<(string Path, Command Command)> All(Command parent, string path) => parent.Subcommands
        .Where(c => c is CliCommand)
        .SelectMany(c => All(c, $"{path} {c.Name}".Trim()).Prepend(($"{path} {c.Name}".Trim(), c)));

    // Words as a shell splits the examples: quotes hold words together, $(…) is one.
    private static IEnumerable<string> Words(string line) =>
        System.Text.RegularExpressions.Regex.Matches(line, @"'[^']*'|\$\([^)]*\)|[^\s']+", System.Text.RegularExpressions.RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1))
            .Select(m => m.Value.Trim('\''));

    [Theory]
    [InlineData("127.0.0.1:7600", "is not an address")]
    [InlineData("file:///tmp/x", "is not an address")]
    [InlineData("http://127.0.0.1:7600/", "--against needs --gateway and --storage too")]
    public async Task Demo_against_takesAnAddressAndSaysWhatElseItNeeds(string address, string why)
    {
        using var cli = new Support.Cli();

        var run = await cli.RunAsync("demo", "--against", address);

        Assert.Equal(ExitCode.Usage, run.Exit);
        Assert.Contains(why, run.Error, StringComparison.Ordinal);
    }
}
