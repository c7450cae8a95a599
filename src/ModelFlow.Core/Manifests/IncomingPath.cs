using System.Diagnostics.CodeAnalysis;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Manifests;

/// <summary>
/// A path in <c>incoming</c> whose blob completes an upload: <c>{model}/{version}/manifest.json</c>, or a single file
/// <c>{model}/{version}.{extension}</c>. The names are as written: not checked here.
/// </summary>
/// <param name="Model">The path's model part.</param>
/// <param name="Version">The path's version part, without a single file's extension.</param>
/// <param name="SingleFile">Whether it is one self-contained file.</param>
/// <param name="Format">A single file's extension in lower case, which names its format; empty otherwise.</param>
public sealed record IncomingPath(string Model, string Version, bool SingleFile, string Format)
{
    /// <summary>The name of the blob that completes an upload of several files.</summary>
    public const string ManifestName = "manifest.json";

    /// <summary>Where the upload's files lie, with a <c>/</c> at the end.</summary>
    public string Folder => SingleFile ? Model + "/" : $"{Model}/{Version}/";

    /// <summary>Reads a path; false for any other blob, which does not complete an upload.</summary>
    public static bool TryParse(string path, [NotNullWhen(true)] out IncomingPath? incoming)
    {
        ArgumentNullException.ThrowIfNull(path);
        incoming = path.Split('/') switch
        {
            [{ Length: > 0 } model, { Length: > 0 } version, ManifestName] => new IncomingPath(model, version, SingleFile: false, ""),
            [{ Length: > 0 } model, var file] when SplitExtension(file) is var (version, format) => new IncomingPath(model, version, SingleFile: true, format),
            _ => null,
        };
        return incoming is not null;
    }

    /// <summary>The manifest of a single file: its format is its extension, its name <c>model.{extension}</c>.</summary>
    public static Manifest DescribeSingleFile(string path, ModelName model, VersionName version, long size, Sha256Digest digest)
    {
        if (!TryParse(path, out var incoming) || !incoming.SingleFile)
        {
            throw new ArgumentException($"'{path}' is not the path of a single file.", nameof(path));
        }

        return new Manifest { Model = model, Version = version, Format = incoming.Format, Files = [new ManifestFile($"model.{incoming.Format}", size, digest)] };
    }

    /// <summary>The folder in <c>quarantine</c> that a refused upload is kept under: the same for the same refusal, and unlike any other's.</summary>
    public static string QuarantineFolder(Refusal refusal)
    {
        ArgumentNullException.ThrowIfNull(refusal);
        return $"{refusal.At.UtcDateTime:yyyyMMdd'T'HHmmssfff'Z'}-{refusal.By}{QuarantineSuffix(refusal.Upload)}";
    }

    /// <summary>How the folder of a refused upload ends, whenever and for whatever it was refused.</summary>
    public static string QuarantineSuffix(UploadReference upload)
    {
        ArgumentNullException.ThrowIfNull(upload);
        return $"-{Sha256Digest.Of($"{upload.ManifestPath}\n{upload.ETag}").Hex[..12]}";
    }

    // The extension is what follows the last dot and begins with a letter: 'v1.0.0' has none, 'v1.0.0.onnx' has 'onnx'.
    private static (string Version, string Format)? SplitExtension(string file)
    {
        var dot = file.LastIndexOf('.');
        return dot > 0 && dot < file.Length - 1 && char.IsAsciiLetter(file[dot + 1])
            ? (file[..dot], file[(dot + 1)..].ToLowerInvariant())
            : null;
    }
}
