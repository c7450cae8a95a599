using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Problems;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Secrets;
using ModelFlow.Core.Serialization;
using ModelFlow.Orchestration.Notifications;

namespace ModelFlow.Api.Sessions;

/// <summary>The cookie that a browser holds a session in: sealed, unreadable for scripts, never sent from another site.</summary>
internal sealed class SessionCookie(IServiceProvider services, TimeProvider time, IOptions<ApiOptions> options)
{
    /// <summary>The name wherever browsers come by https; the prefix keeps other hosts of the domain from setting it (RFC 6265bis, section 4.1.3.2).</summary>
    public const string Name = "__Host-modelflow";

    /// <summary>The name on loopback without https, where browsers refuse the prefix.</summary>
    public const string LoopbackName = "modelflow";

    // Optional: a host may have no messages to send, and then has neither keys nor an address of its own.
    private readonly SealedText? _seal = services.GetService<ISecretProtector>() is { CanProtect: true } protector ? new SealedText(protector, "session") : null;
    private readonly bool _reachedByHttps = string.Equals(services.GetService<NotificationSource>()?.Address.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal);

    // Groups may be many, and a cookie holds 4 KiB.
    private readonly ChunkingCookieManager _chunks = new();

    /// <summary>Why no session can be kept for this request's browser; null if it can.</summary>
    public Problem? Obstacle(HttpRequest request)
    {
        const string Title = "Sessions cannot be kept here.";
        if (_seal is null)
        {
            return Problem.Conflict("not-configured", Title, "Sessions are sealed, and this host has no key for it.", "Set Notifications:ProtectionKeys:0; docs/notifications.md says how.");
        }

        return IsSecure(request) || IsLoopback(request.Host.Host)
            ? null
            : Problem.Conflict(
                "not-configured", Title, "A session is kept where the browser comes by https or from this machine: elsewhere, others could read its cookie.",
                "Reach this host by https, and behind a proxy set Notifications:PublicAddress to its https address; or go through a tunnel to this machine's loopback.");
    }

    /// <summary>When a session that is opened now ends.</summary>
    public DateTimeOffset EndOfNew() => time.GetUtcNow() + TimeSpan.FromHours(options.Value.SessionHours);

    /// <summary>Whether the request has a session's cookie, good or not.</summary>
    public bool IsSent(HttpRequest request) => request.Cookies.ContainsKey(NameFor(request));

    /// <summary>The session in the cookie; null if it is none that this host sealed.</summary>
    public Session? Read(HttpRequest request) =>
        _chunks.GetRequestCookie(request.HttpContext, NameFor(request)) is { } text ? _seal?.OpenAs<Session>(CookieText.Sealed(text)) : null;

    /// <summary>Gives the browser the session. There must be no <see cref="Obstacle"/>.</summary>
    public void Write(HttpContext context, Session session)
    {
        var text = CookieText.Of(_seal!.Seal(JsonSerializer.Serialize(session, CoreJson.Options))); // no obstacle
        _chunks.AppendResponseCookie(context, NameFor(context.Request), text, Options(context.Request, session.Ends - time.GetUtcNow()));
    }

    /// <summary>Takes the session away from the browser.</summary>
    public void Delete(HttpContext context) => _chunks.DeleteCookie(context, NameFor(context.Request), Options(context.Request, maxAge: null));

    private string NameFor(HttpRequest request) => IsSecure(request) ? Name : LoopbackName;

    // A proxy, or the Functions host, hands on requests without https that came to it by https.
    private bool IsSecure(HttpRequest request) => request.IsHttps || _reachedByHttps;

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));

    private CookieOptions Options(HttpRequest request, TimeSpan? maxAge) => new()
    {
        HttpOnly = true,
        Secure = IsSecure(request),
        SameSite = SameSiteMode.Strict,
        Path = "/",
        MaxAge = maxAge,
        IsEssential = true,
    };
}
