using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using ModelFlow.Api.Tests.Access;
using ModelFlow.Api.Tests.Support;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>A request that must change nothing.</summary>
/// <param name="What">For people.</param>
/// <param name="Request">The request.</param>
/// <param name="MayRead">Whether it may be answered with something else than an error.</param>
/// <param name="Unreadable">Whether it may be no HTTP to the server, which then has no words for it.</param>
public sealed record HostileRequest(string What, RawRequest Request, bool MayRead = false, bool Unreadable = false);

/// <summary>
/// Makes requests from a seed: right ones of those who may not, wrong ones of those who may, questions that are none, and what is hardly HTTP.
/// None is both right and allowed, unless it only reads.
/// </summary>
public sealed class HostileRequests(HostileSetup setup, Random random)
{
    private const string Provider = "/signin";

    private static readonly string[] Extra = ["/", "/page/x/main.js", "/page/x/../../../etc/passwd", "/openapi/v1.json", "/openapi/../api/tokens", "/decide.css", "/api", "/api/", "//api/models", "/API/MODELS", "/api/models/", "/.env", "/.git/config", "/wwwroot/../appsettings.json", "/admin", "/runtime/webhooks/durabletask"];

    private static readonly string[] Paths =
    [
        "..%2f..%2f..%2fetc%2fpasswd", "../../../../etc/passwd", "..%5c..%5cx", "%2e%2e%2f%2e%2e%2fx", "....//....//x", "%252e%252e%252fx", "/etc/passwd", "\\\\host\\share", "file:///etc/passwd",
        "x'%20or%20PartitionKey%20ne%20'", "'%3B%20DROP%20TABLE%20x%3B--", "x%27)%20or%20(1%20eq%201", "%00", "x%00.csv", "%0d%0aX-Injected:%201", "%0a", "%ff%fe", "%c0%ae%c0%ae%c0%af", "%e0%80%af", "%f0%82%82%ac", "%ed%a0%80", "%80", "\u00c0\u00af", "\u0001",
        "%", "%zz", "%2", "<script>alert(1)</script>", "%3Cscript%3E", "{model}", "${jndi:ldap:%2f%2fx}", "%E2%80%AE", "%EF%BC%8E%EF%BC%8E%EF%BC%8F", "a;b=c", "a:b", "~", "*", "%2a", "digits%2fversions", "digits;v1.0.0", "_system", "model:digits", "con", "x%20", "%20",
    ];

    private static readonly string[] Values =
    [
        "1e999", "-1e999", "123456789012345678901234567890", "0x10", "-0", "\"\"", "\"\\u0000\"", "\"\\ud800\"", "\"\\udfff\\ud800\"", "\"' or PartitionKey ne '\"", "\"../../etc/passwd\"", "\"\\r\\nX-Injected: 1\"", "\"<script>alert(1)</script>\"", "\"\\u202e\\ufeff\"", "[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]",
        "{\"$type\":\"System.IO.FileInfo, System.IO\"}", "{\"$ref\":\"#\"}", "null", "true", "[null]", "[{}]", "\"\u2028\"", "9223372036854775808", "1.0000000000000000000001", "\"7\"", "\"-1\"",
    ];

    private static readonly string[] Types = ["text/html", "text/plain", "application/xml", "multipart/form-data", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "application/json; charset=utf-7", "application/json; charset=nonsense", "application/jsonp", "a/b/c", ";", "application/json, text/html", "\u00e9", "application/octet-stream"];

    private readonly List<HostileRequest> _malformed =
    [
        .. RoutesAndRoles.All.Where(r => r.Method != "GET").SelectMany(r => MalformedRequests.Of(r.Method, r.Pattern).Select(m => (r.Pattern, m.What, m.Request)))
            .Select(m => new HostileRequest($"{m.Request.Method} {m.Pattern} with {m.What}", Raw(m.Request), MayRead: m.Pattern == "/api/policies/check")),
    ];

    private string Bearer => "Authorization: Bearer " + setup.Everything;

    public HostileRequest Next()
    {
        // What no header may hold is answered by the server itself.
        var next = Any();
        return next with { Unreadable = next.Unreadable || next.Request.Headers.Any(h => h.Any(c => c > '~' || (c < ' ' && c != '\t'))) };
    }

    /// <summary>For each route that changes something, the request that is right, as one who may send it.</summary>
    public IEnumerable<HostileRequest> RightOnes() => RoutesAndRoles.All.Where(r => r.Method != "GET" && r.Rule != RoutesAndRoles.Everybody).Select(r => new HostileRequest($"{r.Method} {r.Pattern}", Right(r.Method, r.Pattern, [Bearer]), MayRead: true));

    private HostileRequest Any() => random.Next(100) switch
    {
        < 36 => OfNobody(),
        < 46 => OfTheWrongRole(),
        < 58 => Known(),
        < 68 => WrongValue(),
        < 70 => Huge(),
        < 84 => Question(),
        < 90 => Decision(),
        < 94 => SigningIn(),
        _ => HardlyHttp(),
    };

    // Whatever is asked, and be it right, nobody asks it.
    private HostileRequest OfNobody()
    {
        var (method, pattern, rule) = AnyRoute();
        if (random.Next(8) == 0)
        {
            // A session that is good, in a request that another site may have sent.
            (method, pattern, rule) = AnyRoute(r => r.Method != "GET" && r.Rule != RoutesAndRoles.Everybody);
            string[][] forged = [[], ["x-modelflow-request: 0"], ["x-modelflow-request: 1", "x-modelflow-request: 1"], ["x-modelflow-request: 1, 1"], ["x-modelflow-request:"], ["x-modelflow-request: 1", "Sec-Fetch-Site: cross-site"], ["x-modelflow-request: 1", "Sec-Fetch-Site: same-site"], ["x-modelflow-request: 1", "Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: same-origin"]];
            return new($"{method} {pattern} of a session, forged", Right(method, pattern, [$"Cookie: {HostileSetup.SessionName}={setup.Session}", .. Pick(forged)]));
        }

        var (what, headers) = setup.Refused[random.Next(setup.Refused.Count)];
        var request = Right(method, pattern, [.. headers, .. random.Next(3) == 0 ? Decoration() : []]);
        request = random.Next(4) switch
        {
            0 => request with { Target = HostilePath(pattern) + Query() },
            1 => request with { Body = Encoding.UTF8.GetBytes(Pick(Values)), ContentType = Pick(Types) },
            _ => request,
        };
        return new($"{method} {pattern} of {what}", random.Next(10) == 0 ? request with { Target = request.Target + (request.Target.Contains('?') ? "&" : "?") + "access_token=x&token=y&code=z" } : request, MayRead: rule == RoutesAndRoles.Everybody, Unreadable: true);
    }

    private HostileRequest OfTheWrongRole()
    {
        var (who, token, may) = random.Next(3) switch
        {
            0 => ("a reader", setup.Reader, new Func<(string Method, string Pattern, string Rule), bool>(r => r.Rule == "reader")),
            1 => ("a gateway", setup.Gateway, r => r.Rule == "gateway"),
            _ => ("another model's people", setup.OfAnother, r => r.Method == "GET" || RoutesAndRoles.ReachOf(r.Method, r.Pattern) == "none"),
        };
        var (method, pattern, _) = AnyRoute(r => r.Rule is not (RoutesAndRoles.Everybody or RoutesAndRoles.AnyToken) && !may(r));
        return new($"{method} {pattern} of {who}", Right(method, pattern, ["Authorization: Bearer " + token, .. random.Next(3) == 0 ? Decoration() : []]));
    }

    private HostileRequest Known()
    {
        var known = _malformed[random.Next(_malformed.Count)];
        return known with { Request = known.Request with { Headers = [Bearer, .. known.Request.Headers, .. random.Next(3) == 0 ? Decoration() : []] } };
    }

    // A right request but for one thing.
    private HostileRequest WrongValue()
    {
        var (method, pattern, _) = AnyRoute(r => r.Method != "GET" && r.Pattern is not ("/api/policies/check" or "/api/session"));
        var request = Right(method, pattern, [Bearer]);
        switch (random.Next(method == "DELETE" || pattern.Contains("/datasets/", StringComparison.Ordinal) ? 3 : 8))
        {
            case 0:
                return new($"{method} {pattern} at another path", request with { Target = HostilePath(pattern, always: true) + Query() }, Unreadable: true);
            case 1:
                return new($"{method} {pattern} by another method", request with { Method = Pick("PATCH", "TRACE", "OPTIONS", "PROPFIND", "LOCK", "HEAD", "X", "GETGETGETGET") }, Unreadable: true);
            case 2:
                return new($"{method} {pattern} with an unknown parameter", request with { Target = request.Target + Pick("?x", "?x=1", "?%00=1", "?=", "?x[]=1", "?%24filter=1%20eq%201", "?model=a&model=b&MODEL=c", "?x=" + new string('x', 3_000), "?__proto__=1", "?%ff=1") }, Unreadable: true);
            case 3:
                return new($"{method} {pattern} as another type", request with { ContentType = Pick(Types.Where(t => !t.StartsWith("application/json;", StringComparison.Ordinal) && (t != "text/plain" || !pattern.Contains("/polic", StringComparison.Ordinal))).ToArray()) }, Unreadable: true);
            case 4 when RoutesAndRoles.BodyType(pattern) == "application/json" && !pattern.Contains("/gateway/", StringComparison.Ordinal):
                return new($"{method} {pattern} with an unknown field", request with { Body = Encoding.UTF8.GetBytes($"{{{Pick("\"\"", "\"__proto__\"", "\"$type\"", "\"\\u0000\"", "\"\\ud800\"", "\"x\\r\\ny\"", "\"<b>\"")}:{Pick(Values)}," + Encoding.UTF8.GetString(request.Body!)[1..]) });
            case 5:
                return new($"{method} {pattern} with bytes that are no text", request with { Body = [.. request.Body!, 0xC0, 0xAF, 0xFF] });
            case 6:
                return new($"{method} {pattern} cut off", request with { Body = RoutesAndRoles.BodyType(pattern) == "application/json" ? Pick<byte[]>(Utf16(request.Body!), [0xEF, 0xBB, 0xBF, .. request.Body![..^1]], request.Body![..^1]) : Pick<byte[]>(Utf16(request.Body!), [0]) });
            default:
                return new($"{method} {pattern} deep", request with { Body = Encoding.UTF8.GetBytes(Nested(random.Next(17, 20_000))) });
        }
    }

    private HostileRequest Huge()
    {
        var (method, pattern, _) = AnyRoute(r => r.Method is "POST" or "PUT" && !r.Pattern.Contains("/datasets/", StringComparison.Ordinal) && r.Pattern != "/api/policies/check");
        var request = Right(method, pattern, [Bearer]);
        return random.Next(6) switch
        {
            0 => new($"{method} {pattern}, large", request with { Body = [.. "{\"reason\":\""u8, .. Enumerable.Repeat((byte)'x', 1_100_000), .. "\"}"u8] }),
            1 => new($"{method} {pattern}, many", request with { Body = Encoding.UTF8.GetBytes("{" + string.Join(',', Enumerable.Range(0, 20_000).Select(i => $"\"f{i}\":{i}")) + "}") }),
            2 => new($"{method} {pattern}, said to be huge", request with { Body = null, Framing = "Content-Length: 99999999999999" }, Unreadable: true),
            3 => new($"{method} {pattern}, said to have less than nothing", request with { Framing = "Content-Length: -1" }, Unreadable: true),
            4 => new($"{method} {pattern} in pieces that are none", request with { Framing = "Transfer-Encoding: chunked", Body = "zz\r\n{}\r\n0\r\n\r\n"u8.ToArray() }, Unreadable: true),
            _ => new($"{method} {pattern} in huge pieces", request with { Framing = "Transfer-Encoding: chunked", Body = Encoding.ASCII.GetBytes("FFFFFFFFFFFFFFFF\r\n{}") }, Unreadable: true),
        };
    }

    // GET never changes anything, whatever is asked.
    private HostileRequest Question()
    {
        var (_, pattern, _) = AnyRoute(r => r.Method == "GET");
        string[] headers = [Bearer, .. random.Next(2) == 0 ? Decoration() : []];
        var target = random.Next(6) == 0 ? Pick(Extra) : HostilePath(pattern) + Query();
        return new($"GET {pattern}", new RawRequest { Method = random.Next(12) == 0 ? "HEAD" : "GET", Target = target, Headers = headers, Body = random.Next(10) == 0 ? Encoding.UTF8.GetBytes(Pick(Values)) : null, ContentType = random.Next(10) == 0 ? Pick(Types) : null }, MayRead: true, Unreadable: true);
    }

    private HostileRequest Decision()
    {
        var (what, link) = random.Next(4) == 0 ? ("good", setup.Link) : setup.DeadLinks[random.Next(setup.DeadLinks.Count)];
        var headers = random.Next(3) == 0 ? Decoration().ToList() : [];
        headers.Add("Accept-Language: " + Pick("en", "zh-CN", "*", ";q=", "zh;q=99999999999999999999", new string('z', 2_000), "\u00ff\u0001"));
        if (random.Next(2) == 0)
        {
            return new($"GET /decide of a link that is {what}", new RawRequest { Method = "GET", Target = "/decide?link=" + link, Headers = headers }, MayRead: link == setup.Link, Unreadable: true);
        }

        // At least one thing is wrong with each: of a good link, it is the check, its cookie or where it comes from.
        var cookie = Pick("", "x", "mine", new string('c', 200));
        var (check, site) = random.Next(2) == 0 ? (Pick("", "guess", CheckOf("other", link), CheckOf(cookie, "x")), "same-origin") : (CheckOf(cookie, link), Pick("cross-site", "same-site", "CROSS", "same-origin, same-origin", ""));
        if (cookie.Length > 0)
        {
            headers.Add("Cookie: modelflow-decide=" + cookie);
        }

        headers.Add("Sec-Fetch-Site: " + site);
        var form = $"link={link}&check={check}&decision={Pick("approve", "reject", "", "APPROVE", "approve&decision=reject")}&comment={Pick("", "x", "%00", "%3Cscript%3Ealert(1)%3C/script%3E", "%0d%0aX-Injected:%201", new string('c', 5_000))}";
        var (type, body) = random.Next(6) switch
        {
            0 => (Pick(Types), form),
            1 => ("multipart/form-data; boundary=x", Pick("--x\r\nContent-Disposition: form-data; name=\"link\"\r\n\r\n" + link, "--x", "--x\r\nContent-Disposition: form-data; name=\"a\"; filename=\"../../x\"\r\n\r\nb\r\n--x--", new string('-', 3_000))),
            2 => ("application/x-www-form-urlencoded", Pick(string.Join('&', Enumerable.Range(0, 2_000).Select(i => $"k{i}=v")), new string('k', 20_000) + "=1", "%zz=%zz&&&==", new string('x', 70_000))),
            _ => ("application/x-www-form-urlencoded", form),
        };
        return new($"POST /decide of a link that is {what}", new RawRequest { Method = "POST", Target = "/decide", Headers = headers, ContentType = type, Body = Encoding.UTF8.GetBytes(body) }, Unreadable: true);
    }

    private HostileRequest SigningIn()
    {
        string[] headers = ["Cookie: " + Pick("modelflow-state.x=N", "modelflow-nonce.x=N", "modelflow-nonce.=", "modelflow-state." + new string('s', 3_000) + "=N", "a=b"), .. random.Next(3) == 0 ? Decoration() : []];
        var sealedLink = Uri.EscapeDataString(setup.DeadLinks.Single(l => l.What == "over").Link);
        return random.Next(3) switch
        {
            0 => new("GET /signin", new RawRequest { Method = "GET", Target = Provider + Pick("", "?return=/", "?return=//evil.example.com", "?return=/%5cevil.example.com", "?return=https://evil.example.com", "?return=/%0d%0aX-Injected:1", "?return=/a&return=/b", "?return=" + new string('/', 3_000), "?x=1", "/", "/entra", "?return=javascript:alert(1)"), Headers = headers }, MayRead: true, Unreadable: true),
            1 => new("GET /signin/callback", new RawRequest { Method = "GET", Target = Provider + "/callback" + Pick("", "?", "?code=x", "?code=x&state=y", $"?code=x&state={sealedLink}", "?state=1.00000000.AAAA", "?error=<script>&error_description=%0d%0aX-Injected:1&state=x", "?code=" + new string('c', 6_000), "?id_token=a.b.c&state=x", "?code=x&code=y&state=x&state=y"), Headers = headers }, Unreadable: true),
            _ => new("POST /signin/callback", new RawRequest { Method = "POST", Target = Provider + "/callback", Headers = headers, ContentType = Pick<string>([.. Types, "application/x-www-form-urlencoded"]), Body = Encoding.UTF8.GetBytes(Pick("", "code=x&state=y", "--x\r\n", "--x", "%zz", string.Join('&', Enumerable.Range(0, 2_000).Select(i => $"k{i}=v")), new string('k', 9_000) + "=1", "error=x&state=1.00000000.AAAA", "{}")) }, Unreadable: true),
        };
    }

    private HostileRequest HardlyHttp()
    {
        var (method, pattern, _) = AnyRoute();
        var request = Right(method, pattern, []);
        request = random.Next(14) switch
        {
            0 => request with { Version = Pick("HTTP/1.0", "HTTP/2.0", "HTTP/9.9", "HTTP/1.1 x", "http/1.1", "", "HTTP/1.1\r\nHost: a") },
            1 => request with { Headers = ["Host: a", "Host: b"] },
            2 => request with { Headers = ["Host: " + Pick("", "a b", "evil.example.com:99999", "a/b", "[::1", new string('h', 500), "\u00e9")] },
            3 => request with { Headers = ["X: " + new string('x', 40_000)] },
            4 => request with { Headers = [.. Enumerable.Range(0, 150).Select(i => $"X-{i}: 1")] },
            5 => request with { Headers = [Pick("no colon", ": empty", "a b: c", "X: a\0b", "X: a\rb", " folded", "X\u00e9: 1", "X: \u0080\u00ff")] },
            6 => request with { Framing = "Content-Length: 5\r\nContent-Length: 6" },
            7 => request with { Framing = "Content-Length: 2\r\nTransfer-Encoding: chunked", Body = "0\r\n\r\n"u8.ToArray() },
            8 => request with { Framing = "Transfer-Encoding: " + Pick("gzip", "chunked, gzip", "x", "chunked, chunked"), Body = "0\r\n\r\n"u8.ToArray() },
            9 => request with { Target = "/api/models/" + new string('x', 9_000) },
            10 => request with { Target = Pick("*", "http://evil.example.com/api/models", "evil.example.com:443", "api/models", "\\api\\models", "/api/\0", "/api/models#x", "/\u00c0\u00ae\u00c0\u00ae/", "http://", "//", "?", "/api/models HTTP/1.1 x") },
            11 => request with { Method = Pick("", " ", "GE T", "G\0T", "CONNECT", "get", "PRI", new string('M', 300), "\u00e9", "<") },
            12 => request with { Headers = ["Upgrade: " + Pick("h2c", "websocket"), "Connection: Upgrade, HTTP2-Settings", "HTTP2-Settings: AAAA", "Sec-WebSocket-Key: x"] },
            _ => request with { Headers = ["Expect: " + Pick("100-continue", "x"), "Range: bytes=0-99999999999", "If-Match: *", "TE: trailers, x", "Trailer: Authorization", "Via: 1.1 x"] },
        };

        // Nobody sends it, so that it is of no matter what is made of it; the connection may be good for nothing afterwards.
        return new($"{pattern}, hardly HTTP", request with { Framing = request.Framing ?? (request.Body is { } body ? $"Content-Length: {body.Length}" : "X-Nothing: 1") }, MayRead: true, Unreadable: true);
    }

    private static RawRequest Right(string method, string pattern, IReadOnlyList<string> headers)
    {
        var policy = pattern.Contains("/polic", StringComparison.Ordinal);
        return new RawRequest
        {
            Method = method,
            Target = MalformedRequests.RightPath(pattern),
            Headers = headers,
            Body = method is "GET" or "DELETE" ? null : Encoding.UTF8.GetBytes(policy ? PolicyText.Minimal : pattern.Contains("/datasets/", StringComparison.Ordinal) ? "a,b\n1,2\n" : MalformedRequests.ValidBody(pattern)),
            ContentType = method is "GET" or "DELETE" ? null : RoutesAndRoles.BodyType(pattern),
        };
    }

    private static RawRequest Raw(HttpRequestMessage request)
    {
        using var body = request.Content?.ReadAsStream();
        var bytes = body is null ? null : new byte[body.Length];
        body?.ReadExactly(bytes);
        return new RawRequest
        {
            Method = request.Method.Method,
            Target = request.RequestUri!.OriginalString.Replace(" ", "%20", StringComparison.Ordinal), // All have one.
            Headers = [.. request.Headers.NonValidated.Select(h => $"{h.Key}: {h.Value}")],
            Body = bytes,
            ContentType = request.Content?.Headers.ContentType?.ToString(),
        };
    }

    private (string Method, string Pattern, string Rule) AnyRoute(Func<(string Method, string Pattern, string Rule), bool>? which = null)
    {
        while (true)
        {
            var route = RoutesAndRoles.All[random.Next(RoutesAndRoles.All.Count)];
            if (which is null || which(route))
            {
                return route;
            }
        }
    }

    // One that must not be right has a hostile value in one place at least, or stands under what is not there.
    private string HostilePath(string pattern, bool always = false)
    {
        if (!pattern.Contains('{'))
        {
            return always ? pattern + "/" + Pick(Paths.Where(p => !p.StartsWith("..", StringComparison.Ordinal)).ToArray()) + "/x" : pattern;
        }

        var parameters = Regex.Matches(pattern, @"\{\w+\}", RegexOptions.None, TimeSpan.FromSeconds(1)).Select(m => m.Value).ToList();
        var hostile = parameters[random.Next(parameters.Count)];
        var value = Pick(Paths.Where(p => !always || p is not ("_system" or "con" or "*" or "%2a" or "~")).ToArray());
        return MalformedRequests.RightPath(pattern.Replace(hostile, always ? value + "'%3C" : random.Next(4) == 0 ? Uri.EscapeDataString(HostileValues.Pick(random)) : value, StringComparison.Ordinal));
    }

    private string Query()
    {
        if (random.Next(2) == 0)
        {
            return "";
        }

        string[] names = ["model", "running", "limit", "continuation", "a", "b", "at", "after", "reason", "digest", "x", "name", "since", "until", "version", "scope", "release", "%24filter", "wait"];
        return "?" + string.Join('&', Enumerable.Range(0, random.Next(1, 4)).Select(_ =>
        {
            // The clock of the test stands still: who is let wait would wait for ever.
            var name = Pick(names);
            return name == "wait" ? "wait=" + Pick("31s", "-1s", "x", "99999999999d") : $"{name}={(random.Next(2) == 0 ? Pick(Paths) : Uri.EscapeDataString(HostileValues.Pick(random)))}";
        }));
    }

    private string[] Decoration() =>
    [
        .. Enumerable.Range(0, random.Next(1, 3)).Select(_ => random.Next(10) switch
        {
            0 => "Idempotency-Key: " + Pick("a b", "'", new string('k', 65), "a,b", "\u00e9", "<script>", "a\tb"),
            1 => "X-HTTP-Method-Override: DELETE",
            2 => "X-Forwarded-For: " + Pick("127.0.0.1", "x", "::1, 1.1.1.1", new string('1', 500)),
            3 => "Accept: " + Pick("*/*", "text/html", "application/xml", ";;;", "application/json;q=x"),
            4 => "Content-Encoding: " + Pick("gzip", "br", "x"),
            5 => "Origin: https://evil.example.com",
            6 => "traceparent: " + Pick("00-x-y-01", "00-00000000000000000000000000000000-0000000000000000-00", "<script>"),
            7 => "If-None-Match: " + Pick("*", "\"", "W/\"x\", x"),
            8 => "Accept-Language: " + Pick("zh-CN", ";q=", "*"),
            _ => "X-Rewrite-URL: /api/tokens",
        }),
    ];

    private static byte[] Utf16(byte[] text) => Encoding.Unicode.GetBytes(Encoding.UTF8.GetString(text));

    private string Nested(int depth) => Pick(new string('[', depth) + new string(']', depth), string.Concat(Enumerable.Repeat("{\"a\":", depth)) + "1" + new string('}', depth), string.Concat(Enumerable.Repeat("- ", depth)));

    private static string CheckOf(string cookie, string link) => Base64Url.EncodeToString(SHA256.HashData(Encoding.UTF8.GetBytes($"{cookie}\n{link}")));

    private T Pick<T>(params T[] of) => of[random.Next(of.Length)];
}
