using System.Buffers;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace ModelFlow.Gateway.OpenAi;

/// <summary>
/// Finds the values of one member of the outermost object of a JSON text (RFC 8259) that comes in pieces of any size, without keeping
/// any of it. What lies deeper is skipped, not checked: that is for who reads the text. An escaped name (<c>mod\u0065l</c>) and a
/// name that is there twice are found as well, as a reader would find them.
/// </summary>
internal struct MemberScanner(string name)
{
    // Every character of a name can be written in six bytes at most; a longer one is another name.
    private const int MostNameBytes = 48;

    private static readonly SearchValues<byte> Structure = SearchValues.Create("\"{}[]"u8);

    private NameBytes _name;
    private int _nameLength;
    private State _state;
    private int _depth;
    private bool _escaped;
    private bool _wanted;
    private bool _told;

    private enum State
    {
        Start,
        FirstName,
        NextName,
        InName,
        Colon,
        Value,
        InString,
        InScalar,
        InNested,
        InNestedString,
        AfterValue,
        End,
    }

    /// <summary>Whether the object has had any member yet.</summary>
    public bool HasMembers { get; private set; }

    /// <summary>Reads on. Answers how many bytes belong to what was before the event; the rest is to be given again.</summary>
    public int Scan(ReadOnlySpan<byte> json, out ScanEvent found)
    {
        found = ScanEvent.None;
        for (var i = 0; i < json.Length;)
        {
            switch (_state)
            {
                case State.InNested:
                    i = SkipNested(json, i, out found);
                    break;
                case State.InNestedString or State.InString:
                    i = SkipString(json, i, out found);
                    break;
                case State.InName:
                    i = ReadName(json, i);
                    break;
                default:
                    i = Step(json, i, out found);
                    break;
            }

            if (found != ScanEvent.None)
            {
                return i;
            }
        }

        return json.Length;
    }

    private int Step(ReadOnlySpan<byte> json, int i, out ScanEvent found)
    {
        found = ScanEvent.None;
        var b = json[i];
        if (_state != State.InScalar && b is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
        {
            return i + 1;
        }

        switch (_state)
        {
            case State.Start when b == '{':
                _state = State.FirstName;
                return i + 1;
            case State.FirstName or State.NextName when b == '"':
                _state = State.InName;
                _nameLength = 0;
                HasMembers = true;
                return i + 1;
            case State.FirstName or State.AfterValue when b == '}':
                // Told before it is passed, so that something can be put in front of it.
                if (!_told)
                {
                    _told = true;
                    found = ScanEvent.ObjectEnds;
                    return i;
                }

                _state = State.End;
                return i + 1;
            case State.Colon when b == ':':
                _state = State.Value;
                return i + 1;
            case State.Value:
                return Begin(b, i, out found);
            case State.InScalar when IsScalar(b):
                return i + 1;
            case State.InScalar:
                found = EndValue();
                return i;
            case State.AfterValue when b == ',':
                _state = State.NextName;
                return i + 1;
            default:
                found = ScanEvent.Malformed;
                return i;
        }
    }

    private int Begin(byte b, int i, out ScanEvent found)
    {
        found = ScanEvent.None;
        if (_wanted && !_told)
        {
            _told = true;
            found = ScanEvent.ValueBegins;
            return i;
        }

        _told = false;
        switch (b)
        {
            case (byte)'"':
                _state = State.InString;
                return i + 1;
            case (byte)'{' or (byte)'[':
                _state = State.InNested;
                _depth = 1;
                return i + 1;
            case var _ when IsScalar(b):
                _state = State.InScalar;
                return i + 1;
            default:
                found = ScanEvent.Malformed;
                return i;
        }
    }

    private int ReadName(ReadOnlySpan<byte> json, int i)
    {
        while (i < json.Length)
        {
            var b = json[i++];
            if (b == '"' && !_escaped)
            {
                _wanted = IsWanted();
                _state = State.Colon;
                break;
            }

            _escaped = b == '\\' && !_escaped;
            if (_nameLength < MostNameBytes)
            {
                _name[_nameLength] = b;
            }

            _nameLength++;
        }

        return i;
    }

    private int SkipString(ReadOnlySpan<byte> json, int i, out ScanEvent found)
    {
        found = ScanEvent.None;
        if (_escaped)
        {
            _escaped = false;
            return i + 1;
        }

        var at = json[i..].IndexOfAny((byte)'"', (byte)'\\');
        if (at < 0)
        {
            return json.Length;
        }

        if (json[i + at] == '\\')
        {
            _escaped = true;
        }
        else if (_state == State.InNestedString)
        {
            _state = State.InNested;
        }
        else
        {
            found = EndValue();
        }

        return i + at + 1;
    }

    private int SkipNested(ReadOnlySpan<byte> json, int i, out ScanEvent found)
    {
        found = ScanEvent.None;
        var at = json[i..].IndexOfAny(Structure);
        if (at < 0)
        {
            return json.Length;
        }

        switch (json[i + at])
        {
            case (byte)'"':
                _state = State.InNestedString;
                break;
            case (byte)'{' or (byte)'[':
                _depth++;
                break;
            default:
                if (--_depth == 0)
                {
                    found = EndValue();
                }

                break;
        }

        return i + at + 1;
    }

    private ScanEvent EndValue()
    {
        _state = State.AfterValue;
        return _wanted ? ScanEvent.ValueEnds : ScanEvent.None;
    }

    private readonly bool IsWanted()
    {
        if (_nameLength > MostNameBytes)
        {
            return false;
        }

        ReadOnlySpan<byte> text = _name;
        text = text[.._nameLength];
        if (!text.Contains((byte)'\\'))
        {
            return System.Text.Ascii.Equals(text, name);
        }

        Span<byte> quoted = stackalloc byte[MostNameBytes + 2];
        quoted[0] = (byte)'"';
        text.CopyTo(quoted[1..]);
        quoted[_nameLength + 1] = (byte)'"';
        try
        {
            var reader = new Utf8JsonReader(quoted[..(_nameLength + 2)]);
            return reader.Read() && reader.ValueTextEquals(name);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    // Numbers and literals, those that only some readers know (NaN, Infinity) included.
    private static bool IsScalar(byte b) => char.IsAsciiLetterOrDigit((char)b) || b is (byte)'-' or (byte)'+' or (byte)'.';

    [InlineArray(MostNameBytes)]
    private struct NameBytes
    {
        private byte _first;
    }
}

/// <summary>What a <see cref="MemberScanner"/> came to.</summary>
internal enum ScanEvent
{
    /// <summary>Nothing in what was given.</summary>
    None,

    /// <summary>The wanted member's value begins with the next byte.</summary>
    ValueBegins,

    /// <summary>The wanted member's value ended with the last byte.</summary>
    ValueEnds,

    /// <summary>The outermost object ends with the next byte.</summary>
    ObjectEnds,

    /// <summary>The next byte cannot be there: this is no JSON object.</summary>
    Malformed,
}
