using LLama.Native;

namespace ModelFlow.TextEngine.Model;

/// <summary>Takes llama.cpp's own log: errors go to standard error, and the last one explains why a model does not load.</summary>
internal static class EngineLog
{
    private static volatile string? _lastError;

    /// <summary>The last error, in one line; null if there was none.</summary>
    public static string? LastError => _lastError;

    /// <summary>Call before anything else of llama.cpp.</summary>
    public static void Attach() => NativeLibraryConfig.LLama.WithLogCallback(static (level, message) =>
    {
        if (level is LLamaLogLevel.Error or LLamaLogLevel.Warning && message.Trim() is { Length: > 0 } line)
        {
            _lastError = level == LLamaLogLevel.Error ? line : _lastError;
            Console.Error.WriteLine(line);
        }
    });
}
