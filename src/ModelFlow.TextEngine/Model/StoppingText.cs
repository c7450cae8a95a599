using System.Text;

namespace ModelFlow.TextEngine.Model;

/// <summary>
/// Turns the bytes of tokens into text: holds back the bytes of a character that is not whole yet, and what may be the beginning
/// of a text at which the answer ends.
/// </summary>
internal sealed class StoppingText(IReadOnlyList<string> stops)
{
    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private string _held = "";

    /// <summary>Takes a token's bytes and gives what is certain to be part of the answer; says whether the answer ends here.</summary>
    public string Add(ReadOnlySpan<byte> bytes, out bool stopped)
    {
        _held += Decode(bytes, flush: false);
        var end = stops.Select(s => _held.IndexOf(s, StringComparison.Ordinal)).Where(i => i >= 0).DefaultIfEmpty(-1).Min();
        stopped = end >= 0;
        var ready = stopped ? end : _held.Length - Undecided();
        var text = _held[..ready];
        _held = stopped ? "" : _held[ready..];
        return text;
    }

    /// <summary>What is held back, at the end of the answer.</summary>
    public string Rest()
    {
        var text = _held + Decode([], flush: true);
        _held = "";
        return text;
    }

    // The length of the longest end of the text that is the beginning of a stop.
    private int Undecided()
    {
        for (var length = Math.Min(_held.Length, stops.Count == 0 ? 0 : stops.Max(s => s.Length) - 1); length > 0; length--)
        {
            if (stops.Any(s => s.Length > length && s.AsSpan().StartsWith(_held.AsSpan(_held.Length - length), StringComparison.Ordinal)))
            {
                return length;
            }
        }

        return 0;
    }

    private string Decode(ReadOnlySpan<byte> bytes, bool flush)
    {
        var characters = new char[_decoder.GetCharCount(bytes, flush)];
        return new string(characters, 0, _decoder.GetChars(bytes, characters, flush));
    }
}
