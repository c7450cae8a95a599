using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using ModelFlow.Core.Inspection;
using ModelFlow.Core.Naming;

namespace ModelFlow.Evaluator.Gguf;

/// <summary>
/// Reads a GGUF file's header (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): what the model is, and that every tensor lies
/// within the file. Nothing is believed: every count and length is bounded, and memory is taken only for bytes that are there.
/// </summary>
internal sealed class GgufFileReader
{
    private const int MostPairs = 100_000;
    private const int MostTensors = 200_000;
    private const int MostElements = 16 * 1024 * 1024;
    private const int LongestName = 65_535;
    private const int LongestText = 4 * 1024 * 1024;
    private const long LongestHeader = 512L * 1024 * 1024;
    private const uint TextType = 8;
    private const uint ArrayType = 9;
    private const string TokenizerPrefix = "tokenizer.ggml.";
    private const string ChatTemplate = "tokenizer.chat_template";

    private readonly Stream _stream;
    private readonly long _length;
    private readonly Dictionary<string, object> _values = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, byte[]> _tokenizer = new(StringComparer.Ordinal);
    private readonly byte[] _scratch = new byte[64 * 1024];
    private readonly Dictionary<string, long> _parametersOfType = new(StringComparer.Ordinal);
    private IncrementalHash? _hash;
    private long _position;
    private long _vocabulary;

    private GgufFileReader(Stream stream)
    {
        _stream = stream;
        _length = stream.Length;
    }

    /// <summary>Reads a file's header.</summary>
    /// <exception cref="InvalidDataException">It is cut off, damaged, no GGUF, or beyond a limit; the message says which.</exception>
    public static GgufFile Read(Stream stream) => new GgufFileReader(stream).Read();

    private GgufFile Read()
    {
        if (_length < 4 || !Bytes(4, "the first bytes").SequenceEqual("GGUF"u8))
        {
            throw new InvalidDataException("it does not begin with 'GGUF'");
        }

        var version = U32("the version");
        if (version is not (2 or 3))
        {
            throw new InvalidDataException($"its version is {version}; versions 2 and 3 are read (little-endian)");
        }

        var tensors = Count("the number of tensors", MostTensors);
        var pairs = Count("the number of metadata", MostPairs);
        if (tensors == 0)
        {
            throw new InvalidDataException("it holds no tensors: a vocabulary alone is no model");
        }

        for (var i = 0; i < pairs; i++)
        {
            Pair();
        }

        var parameters = Tensors(tensors);
        return Conclude((int)version, tensors, parameters);
    }

    private GgufFile Conclude(int version, int tensors, long parameters)
    {
        var architecture = Find<string>("general.architecture") ?? throw new InvalidDataException("it does not name its architecture (general.architecture)");
        if (architecture.Length is 0 or > 64 || !architecture.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.'))
        {
            throw new InvalidDataException("general.architecture is no name of an architecture");
        }

        var context = FindNumber($"{architecture}.context_length") ?? throw new InvalidDataException($"it does not say its context ({architecture}.context_length), so it is no language model");
        var model = Find<string>("tokenizer.ggml.model") ?? throw new InvalidDataException("it holds no tokenizer (tokenizer.ggml.model)");
        if (_vocabulary == 0)
        {
            throw new InvalidDataException("its tokenizer has no tokens (tokenizer.ggml.tokens)");
        }

        if (context < 1)
        {
            throw new InvalidDataException($"{architecture}.context_length is {context}");
        }

        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, digest) in _tokenizer)
        {
            all.AppendData(Encoding.UTF8.GetBytes(name + "\n"));
            all.AppendData(digest);
        }

        return new GgufFile
        {
            Version = version,
            Architecture = architecture,
            Parameters = parameters,
            Tensors = tensors,
            Quantisation = _parametersOfType.MaxBy(t => t.Value).Key,
            TokenizerModel = model.Length <= 64 ? model : model[..64],
            Signature = new TextSignature(
                context,
                _vocabulary,
                Sha256Digest.FromHash(all.GetHashAndReset()),
                Find<string>(ChatTemplate) is { } template ? Sha256Digest.Of(template) : null),
        };
    }

    private void Pair()
    {
        var name = Text("the name of a metadatum", LongestName);
        var type = U32($"the type of '{Short(name)}'");

        // Everything of the tokenizer is hashed as it is stored, the long lists included, which are not kept.
        var ofTokenizer = name.StartsWith(TokenizerPrefix, StringComparison.Ordinal);
        _hash = ofTokenizer ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;
        try
        {
            var value = type == ArrayType ? (long)Array(name, 0) : Scalar(type, name);
            if (!_values.TryAdd(name, value))
            {
                throw new InvalidDataException($"the metadatum '{Short(name)}' is there twice");
            }

            if (_hash is not null)
            {
                _tokenizer[name] = _hash.GetHashAndReset();
            }
        }
        finally
        {
            _hash?.Dispose();
            _hash = null;
        }
    }

    private object Scalar(uint type, string name) => type switch
    {
        0 => (long)Bytes(1, name)[0],
        1 => (long)(sbyte)Bytes(1, name)[0],
        2 => (long)BinaryPrimitives.ReadUInt16LittleEndian(Bytes(2, name)),
        3 => (long)BinaryPrimitives.ReadInt16LittleEndian(Bytes(2, name)),
        4 => (long)U32(name),
        5 => (long)BinaryPrimitives.ReadInt32LittleEndian(Bytes(4, name)),
        6 => (double)BinaryPrimitives.ReadSingleLittleEndian(Bytes(4, name)),
        7 => Bytes(1, name)[0] != 0,
        TextType => Text($"'{Short(name)}'", LongestText),
        10 => (long)Math.Min(U64(name), long.MaxValue),
        11 => BinaryPrimitives.ReadInt64LittleEndian(Bytes(8, name)),
        12 => BinaryPrimitives.ReadDoubleLittleEndian(Bytes(8, name)),
        _ => throw new InvalidDataException($"the metadatum '{Short(name)}' has the unknown type {type}"),
    };

    private int Array(string name, int depth)
    {
        if (depth > 1)
        {
            throw new InvalidDataException($"the lists in '{Short(name)}' are nested deeper than 2");
        }

        var type = U32($"the type of the list '{Short(name)}'");
        var count = Count($"the length of the list '{Short(name)}'", MostElements);
        for (var i = 0; i < count; i++)
        {
            if (type == ArrayType)
            {
                Array(name, depth + 1);
            }
            else
            {
                Scalar(type, name);
            }
        }

        if (depth == 0 && string.Equals(name, "tokenizer.ggml.tokens", StringComparison.Ordinal))
        {
            _vocabulary = count;
        }

        return count;
    }

    private long Tensors(int count)
    {
        var placed = new List<(string Name, long Offset, long Bytes)>(Math.Min(count, 4_096));
        var names = new HashSet<string>(StringComparer.Ordinal);
        var parameters = 0L;
        for (var i = 0; i < count; i++)
        {
            var name = Text("a tensor's name", 1_024);
            if (!names.Add(name))
            {
                throw new InvalidDataException($"the tensor '{Short(name)}' is there twice");
            }

            var (elements, row) = Shape(name);
            var number = U32($"the type of tensor '{Short(name)}'");
            var type = TensorType.Find(number) ?? throw new InvalidDataException($"the tensor '{Short(name)}' has the unknown type {number}");
            if (row % type.Elements != 0)
            {
                throw new InvalidDataException($"a row of the tensor '{Short(name)}' has {row} elements, which is no multiple of {type.Name}'s {type.Elements}");
            }

            var offset = U64($"the place of tensor '{Short(name)}'");
            placed.Add((name, (long)Math.Min(offset, long.MaxValue), elements / type.Elements * type.Bytes));
            parameters = checked(parameters + elements);
            _parametersOfType[type.Name] = _parametersOfType.GetValueOrDefault(type.Name) + elements;
        }

        CheckPlaces(placed);
        return parameters;
    }

    private (long Elements, long Row) Shape(string name)
    {
        var dimensions = U32($"the rank of tensor '{Short(name)}'");
        if (dimensions is < 1 or > 4)
        {
            throw new InvalidDataException($"the tensor '{Short(name)}' has {dimensions} dimensions; 1 to 4 are possible");
        }

        long elements = 1, row = 0;
        for (var d = 0; d < dimensions; d++)
        {
            var size = U64($"a size of tensor '{Short(name)}'");

            // No file holds more elements than bits: what is beyond is nonsense, and products must not overflow.
            if (size == 0 || size > (ulong)(_length * 8 / elements))
            {
                throw new InvalidDataException($"the tensor '{Short(name)}' is larger than the file");
            }

            elements *= (long)size;
            row = d == 0 ? (long)size : row;
        }

        return (elements, row);
    }

    private void CheckPlaces(List<(string Name, long Offset, long Bytes)> placed)
    {
        var alignment = FindNumber("general.alignment") ?? 32;
        if (alignment is < 8 or > 65_536 || (alignment & (alignment - 1)) != 0)
        {
            throw new InvalidDataException($"general.alignment is {alignment}; powers of two from 8 to 65,536 are possible");
        }

        var data = (_position + alignment - 1) / alignment * alignment;
        var missing = placed.Where(t => t.Offset % alignment != 0 || t.Offset > _length - data || t.Bytes > _length - data - t.Offset).ToList();
        if (missing.Count > 0)
        {
            var first = missing[0];
            throw new InvalidDataException(first.Offset % alignment != 0
                ? $"the tensor '{Short(first.Name)}' begins at {first.Offset}, which is no multiple of the alignment {alignment}"
                : $"{missing.Count} of {placed.Count} tensors lie beyond its {_length} bytes, for example '{Short(first.Name)}': it was cut off or is damaged");
        }
    }

    private T? Find<T>(string name)
        where T : class => _values.GetValueOrDefault(name) as T;

    private long? FindNumber(string name) => _values.GetValueOrDefault(name) as long?;

    private int Count(string what, int most)
    {
        var count = U64(what);

        // Each thing takes a byte at least.
        return count <= (ulong)most && count <= (ulong)(_length - _position)
            ? (int)count
            : throw new InvalidDataException($"{what} is {count}; at most {most}, and no more than the file has room for, are possible");
    }

    private string Text(string what, int longest)
    {
        var length = U64($"the length of {what}");
        if (length > (ulong)longest)
        {
            throw new InvalidDataException($"{what} has {length} bytes; at most {longest} are possible");
        }

        if ((long)length > _length - _position)
        {
            throw CutOff(what);
        }

        // Tokens may hold bytes that are no text by themselves; nothing here depends on them.
        return Encoding.UTF8.GetString(length <= (ulong)_scratch.Length ? Bytes((int)length, what) : Long((int)length, what));
    }

    private byte[] Long(int length, string what)
    {
        var bytes = new byte[length];
        Fill(bytes, what);
        return bytes;
    }

    private uint U32(string what) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes(4, what));

    private ulong U64(string what) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes(8, what));

    private ReadOnlySpan<byte> Bytes(int count, string what)
    {
        var bytes = _scratch.AsSpan(0, count);
        Fill(bytes, what);
        return bytes;
    }

    private void Fill(Span<byte> bytes, string what)
    {
        if (bytes.Length > _length - _position)
        {
            throw CutOff(what);
        }

        _stream.ReadExactly(bytes);
        _position += bytes.Length;
        if (_position > LongestHeader)
        {
            throw new InvalidDataException($"its header is longer than {LongestHeader} bytes");
        }

        _hash?.AppendData(bytes);
    }

    private InvalidDataException CutOff(string what) => new($"it ends at byte {_length}, within {what}: it was cut off or is damaged");

    private static string Short(string name) => name.Length <= 100 ? name : name[..100] + "…";
}
