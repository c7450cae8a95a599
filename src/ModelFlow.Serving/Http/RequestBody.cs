using Microsoft.AspNetCore.Http.Features;
using ModelFlow.Serving.Tensors;

namespace ModelFlow.Serving.Http;

/// <summary>Reads a whole request body into pooled memory.</summary>
internal static class RequestBody
{
    // A length that a caller only claims takes no more than this before its bytes come.
    private const int MostAtOnce = 1 << 20;

    /// <summary>Reads the body; the caller disposes of it.</summary>
    /// <exception cref="BadHttpRequestException">Longer than <paramref name="maxBytes"/> (413), or in an encoding that is not read (415).</exception>
    public static async Task<PooledBuffer> ReadAsync(HttpContext context, int maxBytes, CancellationToken cancellationToken)
    {
        var request = context.Request;
        if (request.Headers.ContentEncoding.Count > 0)
        {
            throw new BadHttpRequestException("A body with Content-Encoding is not read: send it as it is.", StatusCodes.Status415UnsupportedMediaType);
        }

        if (request.ContentLength > maxBytes)
        {
            throw TooLong(maxBytes);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = maxBytes;
        }

        // One byte of room more than the body, so that the read that finds its end needs no larger buffer.
        var buffer = new PooledBuffer((int)Math.Min(1 + (request.ContentLength ?? 16_384), MostAtOnce), int.MaxValue);
        try
        {
            for (int read; (read = await request.Body.ReadAsync(buffer.GetMemory(1), cancellationToken)) > 0;)
            {
                buffer.Advance(read);
                if (buffer.Length > maxBytes)
                {
                    throw TooLong(maxBytes);
                }
            }

            return buffer;
        }
        catch
        {
            buffer.Dispose();
            throw;
        }
    }

    private static BadHttpRequestException TooLong(int maxBytes) =>
        new($"The body is longer than {maxBytes} bytes: send fewer rows.", StatusCodes.Status413PayloadTooLarge);
}
