using Microsoft.AspNetCore.Http;

namespace ModelFlow.Api.Problems;

/// <summary>Headers of every answer: JSON is never to be run, framed, guessed at or kept by a browser or a cache.</summary>
internal static class SecurityHeaders
{
    public static void Set(IHeaderDictionary headers)
    {
        headers.XContentTypeOptions = "nosniff";
        headers.XFrameOptions = "DENY";
        headers.ContentSecurityPolicy = "default-src 'none'; frame-ancestors 'none'";
        headers["Referrer-Policy"] = "no-referrer";
        headers["Cross-Origin-Resource-Policy"] = "same-origin";
        headers.CacheControl = "no-store";
    }
}
