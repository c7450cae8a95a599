namespace ModelFlow.EvaluationAgent;

/// <summary>What the image's author says on the command line: <c>[--work FOLDER] PROGRAM [ARGUMENT…]</c>.</summary>
/// <param name="WorkFolder">Where inputs and outputs are while it runs.</param>
/// <param name="Command">The evaluator and its arguments.</param>
internal sealed record AgentSettings(string WorkFolder, IReadOnlyList<string> Command)
{
    public const string Usage = "modelflow-evaluation-agent [--work FOLDER] EVALUATOR [ARGUMENT…]";

    /// <summary>Reads the command line; null if it names no evaluator.</summary>
    public static AgentSettings? Read(IReadOnlyList<string> arguments)
    {
        var work = Path.Combine(Path.GetTempPath(), "modelflow");
        var rest = arguments.AsEnumerable();
        if (arguments.Count >= 2 && string.Equals(arguments[0], "--work", StringComparison.Ordinal))
        {
            work = arguments[1];
            rest = arguments.Skip(2);
        }

        var command = rest.ToList();
        return command.Count == 0 || command[0].StartsWith('-') ? null : new AgentSettings(Path.GetFullPath(work), command);
    }
}
