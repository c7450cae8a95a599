using System.Text.Json.Nodes;

namespace ModelFlow.Cli;

/// <summary>Ends a command with an exit code and a message for the person who gave it. Caught in one place: <see cref="Commands.CliCommand"/>.</summary>
#pragma warning disable CA1032, CA1064 // Never leaves this program, and never without an exit code.
internal sealed class CommandFailedException(int exitCode, string message, string? remedy = null) : Exception(message)
#pragma warning restore CA1032, CA1064
{
    public int ExitCode => exitCode;

    /// <summary>What to do about it.</summary>
    public string? Remedy => remedy;

    /// <summary>Mistakes with their fields.</summary>
    public IReadOnlyList<FieldMessage> Fields { get; init; } = [];

    /// <summary>The host's problem document, when it is its refusal.</summary>
    public JsonNode? Problem { get; init; }

    /// <summary>The problem document, or one made of the message.</summary>
    public JsonNode AsProblem() => Problem ?? new JsonObject
    {
        ["type"] = "urn:modelflow:problem:cli",
        ["title"] = Message,
        ["remedy"] = Remedy,
        ["exitCode"] = ExitCode,
    };
}

/// <summary>A mistake and the field it is in.</summary>
internal sealed record FieldMessage(string Path, string Message);
