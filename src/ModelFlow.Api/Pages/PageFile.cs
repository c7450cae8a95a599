using System.IO.Compression;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace ModelFlow.Api.Pages;

/// <summary>One file of the web page, ready to be sent: with its entity tag, and compressed where that makes it smaller.</summary>
internal sealed class PageFile
{
    private readonly byte[] _bytes;
    private readonly byte[]? _gzip;
    private readonly EntityTagHeaderValue _tag;

    public PageFile(string mediaType, byte[] bytes)
    {
        MediaType = mediaType;
        _bytes = bytes;
        _tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(bytes))[..32]}\"");
        var compressed = Compress(bytes);
        _gzip = compressed.Length < bytes.Length ? compressed : null;
    }

    public string MediaType { get; }

    /// <summary>Answers with the file, or with 304 where the browser has it.</summary>
    /// <param name="context">The request.</param>
    /// <param name="forGood">Whether the address stands for these very bytes, so that nobody needs to ask again.</param>
    public Task SendAsync(HttpContext context, bool forGood)
    {
        var (request, response) = (context.Request, context.Response);
        response.Headers.CacheControl = forGood ? "public, max-age=31536000, immutable" : "no-cache";
        response.Headers.Vary = HeaderNames.AcceptEncoding;
        response.GetTypedHeaders().ETag = _tag;
        if (request.GetTypedHeaders().IfNoneMatch.Any(t => t.Compare(_tag, useStrongComparison: false) || t.Equals(EntityTagHeaderValue.Any)))
        {
            response.StatusCode = StatusCodes.Status304NotModified;
            return Task.CompletedTask;
        }

        response.ContentType = MediaType;
        var body = _bytes;
        if (_gzip is not null && request.GetTypedHeaders().AcceptEncoding.Any(e => e.Value.Equals("gzip", StringComparison.OrdinalIgnoreCase) && e.Quality is not 0))
        {
            response.Headers.ContentEncoding = "gzip";
            body = _gzip;
        }

        response.ContentLength = body.Length;
        return HttpMethods.IsHead(request.Method) ? Task.CompletedTask : response.Body.WriteAsync(body, context.RequestAborted).AsTask();
    }

    private static byte[] Compress(byte[] bytes)
    {
        using var compressed = new MemoryStream();
        using (var gzip = new GZipStream(compressed, CompressionLevel.SmallestSize))
        {
            gzip.Write(bytes);
        }

        return compressed.ToArray();
    }
}
