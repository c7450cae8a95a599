using System.Text.Json;
using ModelFlow.Core;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Serving.Repository;

/// <summary>What a load call asks for: the files, and for each an address that grants reading it.</summary>
/// <param name="Files">The files with their sizes and digests.</param>
/// <param name="Sources">Where each file of <paramref name="Files"/> can be read, by path. Secret: a grant may be in the query.</param>
internal sealed record LoadRequest(FileSet Files, IReadOnlyDictionary<string, Uri> Sources)
{
    private const int MaxFiles = 1_000;
    private const int MaxPathLength = 512;

    /// <summary>Reads the body of a load call: <c>{"files":[{"path","size","sha256","url"}]}</c>; collects every mistake.</summary>
    public static LoadRequest? Parse(ReadOnlySpan<byte> body, out IReadOnlyList<FieldError> errors)
    {
        var found = new List<FieldError>();
        errors = found;
        Body? parsed;
        try
        {
            parsed = JsonSerializer.Deserialize<Body>(body, CoreJson.Options);
        }
        catch (JsonException e)
        {
            found.Add(new FieldError(e.Path is null or "$" ? "body" : e.Path.TrimStart('$', '.'), "not the JSON that is needed: {\"files\":[{\"path\",\"size\",\"sha256\",\"url\"}]}."));
            return null;
        }

        if (parsed?.Files is not { Count: > 0 and <= MaxFiles } files)
        {
            found.Add(new FieldError("files", $"1 to {MaxFiles} files are needed."));
            return null;
        }

        var sources = new Dictionary<string, Uri>(StringComparer.OrdinalIgnoreCase);
        var manifest = new List<ManifestFile>(files.Count);
        for (var i = 0; i < files.Count; i++)
        {
            Check(files[i], $"files[{i}]", manifest, sources, found);
        }

        if (found.Count > 0)
        {
            return null;
        }

        foreach (var path in manifest.Select(f => f.Path))
        {
            for (var slash = path.IndexOf('/', StringComparison.Ordinal); slash > 0; slash = path.IndexOf('/', slash + 1))
            {
                if (sources.ContainsKey(path[..slash]))
                {
                    found.Add(new FieldError("files", $"'{path[..slash]}' is both a file and a folder."));
                    return null;
                }
            }
        }

        return new LoadRequest(new FileSet(manifest), sources);
    }

    private static void Check(BodyFile? file, string path, List<ManifestFile> manifest, Dictionary<string, Uri> sources, List<FieldError> errors)
    {
        var before = errors.Count;
        if (PathMistake(file?.Path) is { } mistake)
        {
            errors.Add(new FieldError(path + ".path", mistake));
        }

        if (file?.Size is not >= 0)
        {
            errors.Add(new FieldError(path + ".size", "the size in bytes is needed, 0 or more."));
        }

        if (!Sha256Digest.TryParse(file?.Sha256, out var digest, out var digestError))
        {
            errors.Add(new FieldError(path + ".sha256", digestError));
        }

        if (!Uri.TryCreate(file?.Url, UriKind.Absolute, out var url) || url.Scheme is not ("http" or "https"))
        {
            errors.Add(new FieldError(path + ".url", "an http or https address that grants reading the file is needed."));
        }

        if (errors.Count > before)
        {
            return;
        }

        if (sources.TryAdd(file!.Path!, url!))
        {
            manifest.Add(new ManifestFile(file.Path!, file.Size!.Value, digest));
        }
        else
        {
            errors.Add(new FieldError(path + ".path", "another file has this path (letter case aside)."));
        }
    }

    private static string? PathMistake(string? path)
    {
        if (string.IsNullOrEmpty(path) || path.Length > MaxPathLength)
        {
            return $"a relative path of 1 to {MaxPathLength} characters is needed.";
        }

        return path.Any(c => char.IsControl(c) || c is '\\' or ':') || path.Split('/').Any(s => s is "" or "." or "..")
            ? "a relative path with '/' between its parts is needed, without '.', '..', '\\', ':' or control characters."
            : null;
    }

    private sealed record Body(IReadOnlyList<BodyFile?>? Files);

    private sealed record BodyFile(string? Path, long? Size, string? Sha256, string? Url);
}
