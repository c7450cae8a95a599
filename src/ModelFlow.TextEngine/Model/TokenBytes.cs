using LLama.Native;

namespace ModelFlow.TextEngine.Model;

/// <summary>The bytes that each token stands for, read once. A token may hold part of a character.</summary>
internal sealed class TokenBytes(SafeLlamaModelHandle model)
{
    private readonly Dictionary<int, byte[]> _known = [];
    private readonly Lock _lock = new();

    /// <summary>The bytes; none for a control token.</summary>
    public byte[] Of(int token)
    {
        lock (_lock)
        {
            return _known.TryGetValue(token, out var bytes) ? bytes : _known[token] = Read(token);
        }
    }

    private byte[] Read(int token)
    {
        Span<byte> small = stackalloc byte[64];
        var length = (int)model.TokenToSpan(token, small, 0, false);
        if (length <= small.Length)
        {
            return small[..length].ToArray();
        }

        var large = new byte[length];
        return large[..(int)model.TokenToSpan(token, large, 0, false)];
    }
}
