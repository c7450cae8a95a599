using System.Text;

namespace ModelFlow.EvaluatorProcess;

/// <summary>Keeps the beginning and the end of a text of any length. Safe for several writers.</summary>
/// <param name="headChars">The most of the beginning, in characters.</param>
/// <param name="tailChars">The most of the end, in characters.</param>
public sealed class BoundedText(int headChars, int tailChars)
{
    private readonly Lock _gate = new();
    private readonly StringBuilder _head = new();
    private readonly StringBuilder _tail = new();
    private long _all;

    /// <summary>Takes more of the text.</summary>
    public void Add(ReadOnlySpan<char> text)
    {
        lock (_gate)
        {
            _all += text.Length;
            var room = headChars - _head.Length;
            if (room > 0)
            {
                _head.Append(text[..Math.Min(room, text.Length)]);
                text = text[Math.Min(room, text.Length)..];
            }

            if (text.Length > tailChars)
            {
                text = text[^tailChars..];
            }

            _tail.Append(text);
            if (_tail.Length > tailChars * 2L)
            {
                _tail.Remove(0, _tail.Length - tailChars);
            }
        }
    }

    /// <summary>The last characters, at most <paramref name="most"/>.</summary>
    public string Tail(int most)
    {
        lock (_gate)
        {
            var all = _tail.Length > 0 ? string.Concat(_head, _tail) : _head.ToString();
            return all.Length <= most ? all : all[^most..];
        }
    }

    /// <summary>The beginning and the end, with the number of characters that were left out between them.</summary>
    public override string ToString()
    {
        lock (_gate)
        {
            var tail = _tail.Length <= tailChars ? _tail.ToString() : _tail.ToString(_tail.Length - tailChars, tailChars);
            var left = _all - _head.Length - tail.Length;
            return left == 0 ? $"{_head}{tail}" : $"{_head}\n[… {left} characters left out …]\n{tail}";
        }
    }
}
