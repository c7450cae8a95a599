using ModelFlow.Gateway.Forwarding;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>Keeps bytes up to a limit, and when they came; beyond it, it keeps nothing. For one thread at a time.</summary>
internal sealed class CaptureBuffer(int most, TimeProvider time) : IStreamObserver
{
    private byte[] _bytes = [];
    private int _length;

    /// <summary>Whether there was more than is kept.</summary>
    public bool IsTooLarge { get; private set; }

    /// <summary>What was kept.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes.AsMemory(0, _length);

    /// <summary>Whether the end was seen.</summary>
    public bool IsComplete { get; private set; }

    /// <summary>When the last of it, or its end, was seen; 0 before anything was.</summary>
    public long LastAt { get; private set; }

    /// <summary>Keeps more; nothing more is the end.</summary>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        LastAt = time.GetTimestamp();
        IsComplete |= bytes.IsEmpty;
        if (IsTooLarge || bytes.IsEmpty)
        {
            return;
        }

        if (bytes.Length > most - _length)
        {
            IsTooLarge = true;
            _bytes = [];
            _length = 0;
            return;
        }

        if (_length + bytes.Length > _bytes.Length)
        {
            Array.Resize(ref _bytes, Math.Min(most, Math.Max(1_024, (_length + bytes.Length) * 2)));
        }

        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }
}
