using System.Text;

namespace ModelFlow.Api.Tests.Support;

/// <summary>Keeps the cookies that a host sets, and sends them as a browser's page of that host does.</summary>
public sealed class Browser(ApiHost host, string origin = "https://modelflow.example.com")
{
    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

    /// <summary>The cookies as they would be sent.</summary>
    public IReadOnlyDictionary<string, string> Cookies => _cookies;

    /// <summary>What the host last said of each cookie, attributes included.</summary>
    public Dictionary<string, string> Said { get; } = new(StringComparer.Ordinal);

    /// <summary>What the host logged, to explain a failure.</summary>
    public string Log() => string.Join('\n', host.Log.Lines);

    public void Put(string name, string value) => _cookies[name] = value;

    /// <summary>Sends with the header of the page's own requests, unless <paramref name="page"/> is false.</summary>
    public async Task<HttpResponseMessage> SendAsync(string method, string path, string? json = null, bool page = true, params (string Name, string Value)[] headers)
    {
        var request = Request(method, path, page, headers);
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        var response = await host.Anonymous().SendAsync(request, Http.Cancel);
        foreach (var set in response.Headers.TryGetValues("Set-Cookie", out var all) ? all : [])
        {
            var (name, value) = (set[..set.IndexOf('=', StringComparison.Ordinal)], set[(set.IndexOf('=', StringComparison.Ordinal) + 1)..].Split(';')[0]);
            Said[name] = set;
            if (set.Contains("expires=Thu, 01 Jan 1970", StringComparison.OrdinalIgnoreCase))
            {
                _cookies.Remove(name);
            }
            else
            {
                _cookies[name] = value;
            }
        }

        return response;
    }

    /// <summary>Opens a stream; its answer's body is read as it comes.</summary>
    public Task<HttpResponseMessage> StreamAsync(string path) =>
        host.Anonymous().SendAsync(Request("GET", path, page: false, [("Accept", "text/event-stream")]), HttpCompletionOption.ResponseHeadersRead, Http.Cancel);

    private HttpRequestMessage Request(string method, string path, bool page, (string Name, string Value)[] headers)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), origin + path);
        if (_cookies.Count > 0)
        {
            request.Headers.Add("Cookie", string.Join("; ", _cookies.Select(c => $"{c.Key}={c.Value}")));
        }

        foreach (var (name, value) in page ? [("x-modelflow-request", "1"), .. headers] : headers)
        {
            Assert.True(request.Headers.TryAddWithoutValidation(name, value));
        }

        return request;
    }
}
