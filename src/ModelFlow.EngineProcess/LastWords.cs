namespace ModelFlow.EngineProcess;

/// <summary>The last lines that a program wrote, bounded, for whoever asks why it ended.</summary>
internal sealed class LastWords
{
    private const int MostLines = 20;
    private const int LongestLine = 500;

    private readonly Queue<string> _lines = new();

    /// <summary>Takes a line; none is no line.</summary>
    public void Add(string? line)
    {
        if (string.IsNullOrWhiteSpace(line))
        {
            return;
        }

        lock (_lines)
        {
            _lines.Enqueue(line.Length <= LongestLine ? line : line[..LongestLine] + "…");
            if (_lines.Count > MostLines)
            {
                _lines.Dequeue();
            }
        }
    }

    /// <summary>The last line; empty if there was none.</summary>
    public string Last
    {
        get
        {
            lock (_lines)
            {
                return _lines.LastOrDefault("");
            }
        }
    }

    /// <summary>Whether a line has these words.</summary>
    public bool Say(string words)
    {
        lock (_lines)
        {
            return _lines.Any(l => l.Contains(words, StringComparison.OrdinalIgnoreCase));
        }
    }
}
