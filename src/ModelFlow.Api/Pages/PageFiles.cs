using System.Collections.Frozen;
using System.Security.Cryptography;
using System.Text;

namespace ModelFlow.Api.Pages;

/// <summary>The web page: a document and the files it is made of, from this assembly's resources. Read once, at the first request.</summary>
internal sealed class PageFiles
{
    private const string Prefix = "page/";
    private const string DocumentName = "index.html";
    private const string BuildPlaceholder = "{build}";

    private readonly FrozenDictionary<string, PageFile> _files;

    public PageFiles()
    {
        var assembly = typeof(PageFiles).Assembly;
        var contents = assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal)
            .Select(n => (Name: n[Prefix.Length..].Replace('\\', '/'), Bytes: Read(assembly.GetManifestResourceStream(n)!))).ToList(); // It was just listed.

        // Modules import each other by relative addresses: with the digest of all in the path, each build's modules only ever meet their own.
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (name, bytes) in contents)
        {
            all.AppendData(Encoding.UTF8.GetBytes(name));
            all.AppendData(SHA256.HashData(bytes));
        }

        Build = Convert.ToHexStringLower(all.GetHashAndReset())[..16];
        var document = Encoding.UTF8.GetString(contents.Single(c => string.Equals(c.Name, DocumentName, StringComparison.Ordinal)).Bytes);
        Document = new PageFile(MediaTypeOf(DocumentName), Encoding.UTF8.GetBytes(document.Replace(BuildPlaceholder, Build, StringComparison.Ordinal)));
        _files = contents.Where(c => !string.Equals(c.Name, DocumentName, StringComparison.Ordinal))
            .ToFrozenDictionary(c => c.Name, c => new PageFile(MediaTypeOf(c.Name), c.Bytes), StringComparer.Ordinal);
    }

    /// <summary>Names the contents of all files: 16 hexadecimal digits.</summary>
    public string Build { get; }

    /// <summary>What <c>/</c> answers.</summary>
    public PageFile Document { get; }

    /// <summary>A file by its path, for example <c>views/models.js</c>; null if there is none.</summary>
    public PageFile? Find(string path) => _files.GetValueOrDefault(path);

    private static byte[] Read(Stream resource)
    {
        using (resource)
        {
            var bytes = new byte[resource.Length];
            resource.ReadExactly(bytes);
            return bytes;
        }
    }

    private static string MediaTypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".json" => "application/json",
        ".svg" => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    };
}
