using System.Diagnostics;
using ModelFlow.Core.Evaluation;
using ModelFlow.EngineProcess;
using ModelFlow.Evaluator.Gguf;

namespace ModelFlow.Evaluator.Text;

/// <summary>A language model in an engine: one that was started for it, or one that somebody else runs.</summary>
internal sealed class TextModel : IAsyncDisposable
{
    private static readonly TimeSpan LoadPatience = TimeSpan.FromMinutes(30);

    private readonly EngineChild? _child;

    private TextModel(EngineClient engine, EngineChild? child, GgufFile? file, TimeSpan loadTime, string note)
    {
        Engine = engine;
        _child = child;
        File = file;
        LoadTime = loadTime;
        Note = note;
    }

    public EngineClient Engine { get; }

    /// <summary>What the file says; null where it is not opened here.</summary>
    public GgufFile? File { get; }

    public TimeSpan LoadTime { get; }

    /// <summary>Which engine it is.</summary>
    public string Note { get; }

    /// <summary>Whether a version of this format is a language model.</summary>
    public static bool IsText(ModelFolder folder) => folder.EngineUrl is not null || string.Equals(folder.Format, "gguf", StringComparison.OrdinalIgnoreCase);

    /// <summary>Checks a version's file and starts an engine on it, or connects to the engine that has it.</summary>
    public static async Task<OpenedText> OpenAsync(ModelFolder folder, EngineCommand? command, int threads)
    {
        var began = Stopwatch.GetTimestamp();
        GgufFile? file = null;
        EngineChild? child = null;
        var http = EngineClient.CreateHttp();
        try
        {
            var address = folder.EngineUrl;
            if (string.Equals(folder.Format, "gguf", StringComparison.OrdinalIgnoreCase))
            {
                var checkedFile = GgufChecks.Check(folder.Directory);
                if (checkedFile is not GgufChecked.Sound sound)
                {
                    return new OpenedText.Refused("inspection", ((GgufChecked.Refused)checkedFile).Reason);
                }

                file = sound.File;
                if (address is null)
                {
                    command ??= EngineCommand.Own("ModelFlow.Evaluator");
                    switch (await EngineChild.StartAsync(command, new EngineModel(sound.Path, folder.Version, threads), LoadPatience, http, TimeProvider.System, CancellationToken.None))
                    {
                        case EngineStart.Failed { ModelAtFault: true } failed:
                            return new OpenedText.Refused("inspection", $"'{Path.GetFileName(sound.Path)}': {failed.Reason}");
                        case EngineStart.Failed failed:
                            return new OpenedText.Faulted(failed.Reason);
                        case EngineStart.Ready ready:
                            child = ready.Engine;
                            address = child.Address;
                            break;
                    }
                }
            }

            var loadTime = Stopwatch.GetElapsedTime(began);
            var engine = await EngineClient.ConnectAsync(http, address!); // One of the two gave it.
            var model = new TextModel(engine, child, file, loadTime, child is null ? $"runs in the engine at {address}" : $"ran in {Path.GetFileName((command ?? throw new InvalidOperationException()).Parts[0])}");
            child = null;
            return new OpenedText.Opened(model);
        }
        catch (EngineException e)
        {
            return new OpenedText.Faulted(e.Message);
        }
        catch (FileNotFoundException e)
        {
            return new OpenedText.Faulted(e.Message);
        }
        finally
        {
            if (child is not null)
            {
                await child.DisposeAsync();
            }
        }
    }

    /// <summary>What went wrong, with the engine's last words if it is gone.</summary>
    public string Explain(EngineException e) => _child is { Exited.IsCompleted: true } ended ? $"its engine ended: {ended.Ending}" : e.Message;

    public async ValueTask DisposeAsync()
    {
        Engine.Dispose();
        if (_child is not null)
        {
            await _child.DisposeAsync();
        }
    }
}

/// <summary>The outcome of opening a language model.</summary>
internal abstract record OpenedText
{
    private OpenedText()
    {
    }

    /// <summary>It answers.</summary>
    public sealed record Opened(TextModel Model) : OpenedText;

    /// <summary>It may not go on.</summary>
    public sealed record Refused(string By, string Reason) : OpenedText;

    /// <summary>The engine is at fault, not the model.</summary>
    public sealed record Faulted(string Reason) : OpenedText;

    /// <summary>The same as an evaluator's answer.</summary>
    public EvaluatorResult ToResult() => this switch
    {
        Refused refused => EvaluatorResult.Refused(refused.By, refused.Reason),
        Faulted faulted => EvaluatorResult.Faulted(faulted.Reason),
        _ => throw new InvalidOperationException("It is opened."),
    };
}
