using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ModelFlow.EngineProcess;

/// <summary>
/// The command line of an engine: any program that serves one language model over OpenAI's API, such as ModelFlow's own,
/// llama.cpp's <c>llama-server</c> or vLLM. Its parts may hold <c>{model}</c> (the path), <c>{name}</c> (what requests will call
/// it), <c>{port}</c> (on loopback) and <c>{threads}</c>; the first two are needed as <c>{model}</c> and <c>{port}</c>.
/// </summary>
public sealed record EngineCommand
{
    /// <summary>The name of ModelFlow's own engine.</summary>
    public const string OwnProgram = "modelflow-text-engine";

    private EngineCommand(IReadOnlyList<string> parts) => Parts = parts;

    /// <summary>The program and its arguments, with the places to fill in.</summary>
    public IReadOnlyList<string> Parts { get; }

    /// <summary>Checks a command line.</summary>
    public static bool TryParse(IReadOnlyList<string> parts, [NotNullWhen(true)] out EngineCommand? command, [NotNullWhen(false)] out string? error)
    {
        ArgumentNullException.ThrowIfNull(parts);
        error = parts.Count == 0 || parts[0].Length == 0 ? "the engine's command names no program"
            : !Has("{model}") ? "the engine's command has no {model}: where the model's path belongs"
            : !Has("{port}") ? "the engine's command has no {port}: where the port belongs that it shall listen on"
            : null;
        command = error is null ? new EngineCommand(parts) : null;
        return error is null;

        bool Has(string place) => parts.Skip(1).Any(p => p.Contains(place, StringComparison.Ordinal));
    }

    /// <summary>
    /// ModelFlow's own engine: beside the program when published together, in its folder <c>text-engine</c>, or in the build output
    /// of its project, in the same configuration.
    /// </summary>
    /// <param name="project">The project whose program asks, for example <c>ModelFlow.Serving</c>.</param>
    /// <exception cref="FileNotFoundException">It is not there.</exception>
    public static EngineCommand Own(string project)
    {
        var here = AppContext.BaseDirectory;
        string[] places =
        [
            .. OwnBeside(here),
            Path.Combine(here.Replace($"/tests/{project}.Tests/", "/src/ModelFlow.TextEngine/", StringComparison.Ordinal).Replace(project, "ModelFlow.TextEngine", StringComparison.Ordinal), OwnProgram),
        ];
        var program = places.FirstOrDefault(File.Exists)
            ?? throw new FileNotFoundException($"The engine for language models, {OwnProgram}, is neither at {string.Join(" nor at ", places)}. Build it: dotnet build src/ModelFlow.TextEngine -c Release");
        return new EngineCommand([program, "--Model", "{model}", "--Name", "{name}", "--Port", "{port}", "--Threads", "{threads}"]);
    }

    /// <summary>Where ModelFlow's own engine is looked for when a program was published to <paramref name="folder"/>.</summary>
    public static IReadOnlyList<string> OwnBeside(string folder) => [Path.Combine(folder, OwnProgram), Path.Combine(folder, "text-engine", OwnProgram)];

    /// <summary>The command line for one model.</summary>
    internal IReadOnlyList<string> For(EngineModel model, int port) =>
    [
        .. Parts.Select(p => p
            .Replace("{port}", port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{threads}", model.Threads.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            .Replace("{name}", model.Name, StringComparison.Ordinal)
            .Replace("{model}", model.Path, StringComparison.Ordinal)),
    ];
}

/// <summary>What an engine shall serve.</summary>
/// <param name="Path">The model's file.</param>
/// <param name="Name">What requests call it.</param>
/// <param name="Threads">Threads one computation may use, at least 1.</param>
public sealed record EngineModel(string Path, string Name, int Threads);
