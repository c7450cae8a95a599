using System.Collections.Concurrent;
using System.Text;
using LLama;
using LLama.Abstractions;
using LLama.Common;
using LLama.Exceptions;
using LLama.Native;

namespace ModelFlow.TextEngine.Model;

/// <summary>One GGUF model in llama.cpp, with a context for each request that is answered at the same time.</summary>
internal sealed class LanguageModel : IDisposable
{
    // What one decode call computes at most: a cancelled request ends between two of them.
    private const int Batch = 256;

    private readonly LLamaWeights _weights;
    private readonly ConcurrentBag<LLamaContext> _free = [];
    private readonly List<LLamaContext> _all = [];
    private readonly SemaphoreSlim _turns;

    private LanguageModel(LLamaWeights weights, string name, int context)
    {
        _weights = weights;
        Name = name;
        Context = context;
        _turns = new SemaphoreSlim(0);
        Bytes = new TokenBytes(weights.NativeHandle);
    }

    /// <summary>What requests and answers call it.</summary>
    public string Name { get; }

    /// <summary>Tokens a request may have, prompt and answer together.</summary>
    public int Context { get; }

    /// <summary>The number of different tokens.</summary>
    public int VocabularySize => _weights.Vocab.Count;

    /// <summary>What each token stands for.</summary>
    public TokenBytes Bytes { get; }

    /// <summary>Loads a file.</summary>
    /// <exception cref="UnloadableModelException">llama.cpp cannot load it.</exception>
    public static LanguageModel Load(EngineOptions options)
    {
        var threads = options.Threads > 0 ? options.Threads : Environment.ProcessorCount;
        var parameters = new ModelParams(options.Model) { GpuLayerCount = 0, Threads = threads, BatchThreads = threads, BatchSize = Batch, UBatchSize = Batch };
        LLamaWeights weights;
        try
        {
            weights = LLamaWeights.LoadFromFile(parameters);
        }
        catch (Exception e) when (e is LoadWeightsFailedException or RuntimeError or InvalidOperationException or ArgumentException)
        {
            throw new UnloadableModelException($"llama.cpp cannot load it: {EngineLog.LastError ?? e.Message}");
        }

        var context = Math.Min(options.Context, Math.Max(16, weights.ContextSize));
        parameters.ContextSize = (uint)context;
        var name = options.Name.Length > 0 ? options.Name : Path.GetFileNameWithoutExtension(options.Model);
        var model = new LanguageModel(weights, name, context);
        try
        {
            for (var i = 0; i < options.Parallel; i++)
            {
                model.Add(weights.CreateContext(parameters));
            }

            return model;
        }
        catch (Exception e) when (e is RuntimeError or InvalidOperationException)
        {
            model.Dispose();
            throw new UnloadableModelException($"llama.cpp cannot make {options.Parallel} contexts of {context} tokens: {EngineLog.LastError ?? e.Message}");
        }
    }

    /// <summary>The tokens of a text. A token that the model expects before every text (BOS) comes first.</summary>
    /// <param name="text">The text.</param>
    /// <param name="special">Whether the names of control tokens stand for them, as a chat template needs it. Text of users never does.</param>
    public int[] Tokenize(string text, bool special = false) =>
        [.. _weights.NativeHandle.Tokenize(text, _weights.Vocab.ShouldAddBOS, special, Encoding.UTF8).Select(t => (int)t)];

    /// <summary>Whether the first token of every text is one that stands for no text.</summary>
    public bool AddsBeginning => _weights.Vocab.ShouldAddBOS;

    /// <summary>Whether a token ends the answer.</summary>
    public bool IsEnd(int token) => ((LLamaToken)token).IsEndOfGeneration(_weights.Vocab);

    /// <summary>A conversation as the model was trained to read it; null if the file has no template for one, or none that llama.cpp knows.</summary>
    public string? ApplyTemplate(IReadOnlyList<(string Role, string Content)> messages)
    {
        if (!_weights.Metadata.ContainsKey("tokenizer.chat_template"))
        {
            return null;
        }

        try
        {
            var template = new LLamaTemplate(_weights, strict: true) { AddAssistant = true };
            foreach (var (role, content) in messages)
            {
                template.Add(role, content);
            }

            return Encoding.UTF8.GetString(template.Apply());
        }
        catch (Exception e) when (e is TemplateNotFoundException or RuntimeError or ArgumentException or InvalidOperationException)
        {
            return null;
        }
    }

    /// <summary>Waits for a context; dispose of it to give it back.</summary>
    public async Task<ModelTurn> BeginAsync(CancellationToken cancellationToken)
    {
        await _turns.WaitAsync(cancellationToken);
        return _free.TryTake(out var context)
            ? new ModelTurn(this, context, Batch)
            : throw new InvalidOperationException("There are more turns than contexts.");
    }

    /// <summary>Gives a context back.</summary>
    public void End(LLamaContext context)
    {
        _free.Add(context);
        _turns.Release();
    }

    public void Dispose()
    {
        foreach (var context in _all)
        {
            context.Dispose();
        }

        _weights.Dispose();
        _turns.Dispose();
    }

    private void Add(LLamaContext context)
    {
        _all.Add(context);
        End(context);
    }
}

/// <summary>A model file that cannot be served. The message is for people.</summary>
internal sealed class UnloadableModelException(string message) : Exception(message);
