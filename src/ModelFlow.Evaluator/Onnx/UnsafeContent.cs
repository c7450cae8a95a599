using System.IO.Compression;

namespace ModelFlow.Evaluator.Onnx;

/// <summary>Finds files that run code when they are loaded: Python pickles, also inside archives such as PyTorch's.</summary>
internal static class UnsafeContent
{
    private static readonly string[] Endings = [".pkl", ".pickle", ".pt", ".pth", ".joblib", ".ckpt", ".dill"];

    private static ReadOnlySpan<byte> FirstOpcodes => [0x95, 0x8a, (byte)'}', (byte)']', (byte)'(', (byte)'c', (byte)'K', (byte)'X', (byte)'N'];

    /// <summary>Why <paramref name="path"/> is unsafe; null if nothing speaks against it.</summary>
    public static string? Find(string path)
    {
        var name = Path.GetFileName(path);
        if (Endings.Any(e => name.EndsWith(e, StringComparison.OrdinalIgnoreCase)))
        {
            return $"'{name}' is by its ending a Python pickle, which can run any code when it is loaded";
        }

        Span<byte> head = stackalloc byte[4];
        using var stream = File.OpenRead(path);
        var read = stream.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);

        // Protocols 2 to 5 begin with PROTO and the protocol's number, then an opcode that frames or pushes.
        if (read >= 3 && head[0] == 0x80 && head[1] is >= 2 and <= 5 && FirstOpcodes.Contains(head[2]))
        {
            return $"'{name}' is a Python pickle, which can run any code when it is loaded";
        }

        return read == 4 && head.SequenceEqual("PK\x03\x04"u8) ? FindInArchive(stream, name) : null;
    }

    private static string? FindInArchive(FileStream stream, string name)
    {
        try
        {
            stream.Position = 0;
            using var archive = new ZipArchive(stream, ZipArchiveMode.Read, leaveOpen: true);
            var pickle = archive.Entries.FirstOrDefault(e => Endings.Any(x => e.Name.EndsWith(x, StringComparison.OrdinalIgnoreCase)));
            return pickle is null ? null : $"'{name}' is an archive with the Python pickle '{pickle.FullName}' in it, which can run any code when it is loaded";
        }
        catch (InvalidDataException)
        {
            return $"'{name}' begins like an archive and cannot be read as one";
        }
    }
}
