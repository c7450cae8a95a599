using Microsoft.AspNetCore.Http;
using ModelFlow.Api.Access;

namespace ModelFlow.Api.Sessions;

/// <summary>
/// Tells requests of ModelFlow's own page from those that another site makes a browser send. Another site cannot add a header of its own without asking first (CORS),
/// and nobody is allowed to; and browsers say where a request comes from (<c>Sec-Fetch-Site</c>, Fetch Metadata).
/// </summary>
internal static class Forgery
{
    /// <summary>The header that a session's page sends with all that changes something; its value is <c>1</c>.</summary>
    public const string Header = "x-modelflow-request";

    /// <summary>Why a request that was sent with a session's cookie may be forged; null if it is not, or changes nothing.</summary>
    public static AuthenticationFailure? Of(HttpRequest request)
    {
        if (HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method))
        {
            return null;
        }

        return request.Headers[Header] is ["1"]
            ? FromElsewhere(request)
            : new AuthenticationFailure($"The request has a session's cookie, and not the header '{Header}: 1'.", MaybeForged: true);
    }

    /// <summary>Why a request may be another site's, by what the browser says; null if it is not, or no browser sent it.</summary>
    public static AuthenticationFailure? FromElsewhere(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"];
        return site.Count == 0 || site is ["same-origin" or "none"]
            ? null
            : new AuthenticationFailure($"The browser says that another site sent the request: Sec-Fetch-Site is '{site}'.", MaybeForged: true);
    }
}
