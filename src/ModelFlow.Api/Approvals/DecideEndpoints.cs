using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Sessions;
using ModelFlow.Core.Approvals;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.People;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Secrets;
using ModelFlow.Orchestration.Notifications;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Approvals;

/// <summary>
/// The page behind a link that was sent to one person. Opening it shows; only sending its form decides, so that whatever opens links in advance decides nothing.
/// </summary>
internal static class DecideEndpoints
{
    private const string Cookie = "modelflow-decide";
    private const string ContentPolicy = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";
    private const int MostFormBytes = 64 << 10;
    private const int MostCommentCharacters = 2_000;
    private static readonly TimeSpan FormLasts = TimeSpan.FromHours(1);

    public static void MapDecide(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapGet("/decide", ShowAsync).AllowEverybody().ExcludeFromDescription();
        endpoints.MapPost("/decide", DecideAsync).AllowEverybody().ExcludeFromDescription();
        endpoints.MapGet("/decide.css", () => Results.Text(DecidePage.Style, "text/css", Encoding.UTF8)).AllowEverybody().ExcludeFromDescription();
    }

    private static async Task<IResult> ShowAsync(HttpContext context, DecideServices services)
    {
        var text = context.Request.Query["link"] is [{ } only] ? only : "";
        var asked = await ReadAsync(context, services, text);
        return asked.Obstacle ?? Form(context, services, asked, error: null, comment: null);
    }

    private static async Task<IResult> DecideAsync(HttpContext context, DecideServices services)
    {
        if (await FormAsync(context) is not { } form)
        {
            return Page(DecideTexts.For(context.Request), t => t.NotValid, StatusCodes.Status400BadRequest);
        }

        var asked = await ReadAsync(context, services, One(form, "link"));
        if (asked.Obstacle is { } obstacle)
        {
            return obstacle;
        }

        var texts = DecideTexts.For(context.Request);
        if (Forgery.FromElsewhere(context.Request) is not null || !IsOwnForm(context.Request, asked.Text, One(form, "check")))
        {
            return Page(texts, t => t.Forged, StatusCodes.Status403Forbidden);
        }

        var comment = new string([.. One(form, "comment").Where(c => !char.IsControl(c) || c is '\n' or '\t').Take(MostCommentCharacters)]).Trim();
        SignalKind? kind = One(form, "decision") switch { "approve" => SignalKind.Approve, "reject" => SignalKind.Reject, _ => null };
        if (kind is null || (kind == SignalKind.Reject && comment.Length == 0))
        {
            return Form(context, services, asked, texts.CommentNeeded, comment);
        }

        var link = asked.Link!; // There was no obstacle.
        var sent = await services.Signals.SendAsync(
            link.Release,
            new Signal
            {
                Id = link.SignalId,
                Kind = kind.Value,
                By = link.Person,
                At = services.Time.GetUtcNow(),
                Evidence = link.Evidence,
                Comment = comment.Length == 0 ? null : comment,
            },
            context.RequestAborted);
        return sent switch
        {
            AddSignal.Added => Page(texts, t => t.Recorded, StatusCodes.Status200OK, services.PageOf(link), good: true),
            AddSignal.AlreadyAdded => Page(texts, t => t.Used, StatusCodes.Status410Gone, services.PageOf(link)),
            _ => Page(texts, t => t.Over, StatusCodes.Status410Gone, services.PageOf(link)),
        };
    }

    /// <summary>What a link leads to, or the page that says why to nothing.</summary>
    private static async Task<Asked> ReadAsync(HttpContext context, DecideServices services, string text)
    {
        var texts = DecideTexts.For(context.Request);
        var address = context.Connection.RemoteIpAddress;
        if (services.Failures.WaitFor(address) is { } wait)
        {
            context.Response.Headers.RetryAfter = $"{(int)Math.Ceiling(wait.TotalSeconds)}";
            return new Asked(Page(texts, t => t.TooMany, StatusCodes.Status429TooManyRequests));
        }

        if (services.Open(text) is not { } link)
        {
            services.Failures.Add(address);
            return new Asked(Page(texts, t => t.NotValid, StatusCodes.Status404NotFound));
        }

        var page = services.PageOf(link);
        if (services.Time.GetUtcNow() >= link.Ends)
        {
            return new Asked(Page(texts, t => t.Expired, StatusCodes.Status410Gone, page));
        }

        if (await services.Releases.LoadAsync(link.Release, context.RequestAborted) is not { State: { Outcome: null } state } snapshot)
        {
            return new Asked(Page(texts, t => t.Over, StatusCodes.Status410Gone, page));
        }

        if (snapshot.Signals.Any(s => IsOf(link, s.Id)) || await services.Releases.ReadEventsAsync(link.Release, link.Number, context.RequestAborted).AnyAsync(e => IsOf(link, (string?)e.Data?["signal"]), context.RequestAborted))
        {
            return new Asked(Page(texts, t => t.Used, StatusCodes.Status410Gone, page));
        }

        if (state.OpenRequest is not { } request || request.Evidence != link.Evidence)
        {
            return new Asked(Page(texts, t => t.Changed, StatusCodes.Status410Gone, page));
        }

        var people = new PeopleDirectory(await services.People.ListAsync(context.RequestAborted));
        return new ApprovalCount(state, request, people).WhyNot(link.Person, [], services.Time.GetUtcNow()) is { } why
            ? new Asked(Page(texts, t => string.Format(System.Globalization.CultureInfo.InvariantCulture, t.NotYou, why), StatusCodes.Status403Forbidden, page))
            : new Asked(null, text, link, state, ApprovalView.Of(state, people));
    }

    private static bool IsOf(ApprovalLink link, string? signal) => string.Equals(link.SignalId, signal, StringComparison.Ordinal);

    private static Html Form(HttpContext context, DecideServices services, Asked asked, string? error, string? comment)
    {
        var own = context.Request.Cookies[Cookie] is { Length: > 0 and < 100 } known ? known : Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        context.Response.Cookies.Append(Cookie, own, new CookieOptions
        {
            HttpOnly = true,
            SameSite = SameSiteMode.Strict,
            Secure = context.Request.IsHttps || services.IsReachedByHttps,
            MaxAge = FormLasts,
            IsEssential = true,
        });
        var html = new DecidePage(DecideTexts.For(context.Request)).Ask(
            asked.Link!, asked.Text, asked.State!, asked.View!, CheckOf(own, asked.Text), services.PageOf(asked.Link!), error, comment); // There was no obstacle.
        return new Html(html, error is null ? StatusCodes.Status200OK : StatusCodes.Status400BadRequest);
    }

    private static Html Page(DecideTexts texts, Func<DecideTexts, string> message, int status, Uri? page = null, bool good = false) => new(new DecidePage(texts).Say(message(texts), page, good), status);

    private static bool IsOwnForm(HttpRequest request, string link, string check) =>
        request.Cookies[Cookie] is { Length: > 0 } own && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(check), Encoding.UTF8.GetBytes(CheckOf(own, link)));

    private static string CheckOf(string cookie, string link) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{cookie}\n{link}")));

    private static async Task<IFormCollection?> FormAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType || context.Request.ContentLength is null or > MostFormBytes)
        {
            return null;
        }

        try
        {
            return await context.Request.ReadFormAsync(new FormOptions { BufferBodyLengthLimit = MostFormBytes, ValueCountLimit = 16, ValueLengthLimit = MostFormBytes }, context.RequestAborted);
        }
        catch (Exception e) when (e is InvalidDataException or IOException)
        {
            // Parts that do not end, or a form that goes on and on.
            return null;
        }
    }

    private static string One(IFormCollection form, string name) => form[name] is [{ } only] ? only : "";

    private sealed record Asked(IResult? Obstacle, string Text = "", ApprovalLink? Link = null, ReleaseState? State = null, ApprovalView? View = null);

    private sealed record Html(string Text, int Status) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext)
        {
            httpContext.Response.StatusCode = Status;
            httpContext.Response.ContentType = "text/html; charset=utf-8";
            httpContext.Response.Headers.ContentSecurityPolicy = ContentPolicy;
            return httpContext.Response.WriteAsync(Text, httpContext.RequestAborted);
        }
    }
}

/// <summary>What the page needs.</summary>
internal sealed class DecideServices(
    IReleaseStore releases, IPeopleStore people, ReleaseSignals signals, ISecretProtector protector, NotificationSource source, FailedAuthentications failures, TimeProvider time)
{
    private readonly SealedText _seal = new(protector, ApprovalLink.Purpose);

    public IReleaseStore Releases => releases;

    public IPeopleStore People => people;

    public ReleaseSignals Signals => signals;

    public FailedAuthentications Failures => failures;

    public TimeProvider Time => time;

    public bool IsReachedByHttps => string.Equals(source.Address.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal);

    public ApprovalLink? Open(string text) => text.Length is 0 or > 4_096 ? null : ApprovalLink.Open(_seal, text);

    public Uri PageOf(ApprovalLink link) => MessageLinks.PageOf(source.Address, link.Release);
}
