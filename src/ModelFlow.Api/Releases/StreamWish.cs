using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;
using ModelFlow.Api.Access;
using ModelFlow.Api.Requests;

namespace ModelFlow.Api.Releases;

/// <summary>Whether a request would rather have a stream of server-sent events than a list, and from where on.</summary>
internal sealed class StreamWish
{
    /// <summary>Of the standard: the last event's id that a client has, sent when it comes again.</summary>
    public const string LastEventIdHeader = "Last-Event-ID";

    private readonly string _lastEventId;

    private StreamWish(HttpRequest request)
    {
        var id = request.Headers[LastEventIdHeader];
        _lastEventId = string.Join(',', id.ToArray());
        Stream = PrefersStream(request.GetTypedHeaders().Accept);
        Token = request.HttpContext.Features.Get<HeldToken>()?.Secret;
    }

    /// <summary>Whether a stream is wanted.</summary>
    public bool Stream { get; }

    /// <summary>The token, if it is one of those that can be revoked.</summary>
    public TokenSecret? Token { get; }

    public static ValueTask<StreamWish> BindAsync(HttpContext context) => ValueTask.FromResult(new StreamWish(context.Request));

    /// <summary>The number in <c>Last-Event-ID</c>; null without the header, and if it is empty, which is how the standard says "none yet".</summary>
    public int? LastEventId(Fields fields)
    {
        if (_lastEventId.Length == 0)
        {
            return null;
        }

        if (int.TryParse(_lastEventId, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
        {
            return number;
        }

        fields.Add(LastEventIdHeader, "must be the id of an event of this stream, a whole number from 0; leave the header out to begin at 'after'.");
        return null;
    }

    // A stream must be asked for by its name, and not less than JSON: "*/*" is what clients send that know of no streams.
    private static bool PrefersStream(IList<MediaTypeHeaderValue> accepted)
    {
        var stream = Named(EventStream.MediaType) ?? 0;
        return stream > 0 && (Named("application/json") is { } json ? stream > json : stream >= (Named("application/*") ?? Named("*/*") ?? 0));

        double? Named(string type) => accepted.Where(a => a.MediaType.Equals(type, StringComparison.OrdinalIgnoreCase)).Select(a => (double?)(a.Quality ?? 1)).Max();
    }
}
