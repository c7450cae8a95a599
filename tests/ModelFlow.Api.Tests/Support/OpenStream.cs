using System.Net;

namespace ModelFlow.Api.Tests.Support;

/// <summary>A stream of events as a client reads it, while the clock of its host goes on.</summary>
internal sealed class OpenStream : IDisposable
{
    private readonly ApiHost _host;
    private readonly HttpResponseMessage _response;
    private readonly StreamReader _reader;

    private OpenStream(ApiHost host, HttpResponseMessage response, Stream body) => (_host, _response, _reader) = (host, response, new StreamReader(body));

    public HttpResponseMessage Response => _response;

    /// <summary>Opens a stream and reads its first block, which every stream has at once.</summary>
    public static async Task<OpenStream> OpenAsync(ApiHost host, HttpClient client, string path, string? lastEventId = null) =>
        await OfAsync(host, await AskAsync(client, path, lastEventId));

    /// <summary>Reads an answer that is a stream, and its first block.</summary>
    public static async Task<OpenStream> OfAsync(ApiHost host, HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.ToString());
        var stream = new OpenStream(host, response, await response.Content.ReadAsStreamAsync(Http.Cancel));
        Assert.Equal("retry: 2000\n", await stream.NextAsync());
        return stream;
    }

    /// <summary>Asks for a stream; the answer may be another.</summary>
    public static Task<HttpResponseMessage> AskAsync(HttpClient client, string path, string? lastEventId = null, string accept = "text/event-stream")
    {
        var request = new HttpRequestMessage(HttpMethod.Get, path);
        Assert.True(request.Headers.TryAddWithoutValidation("Accept", accept));
        if (lastEventId is not null)
        {
            Assert.True(request.Headers.TryAddWithoutValidation("Last-Event-ID", lastEventId));
        }

        return client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Http.Cancel);
    }

    /// <summary>The next block without the empty line after it; null at the stream's end.</summary>
    public async Task<string?> NextAsync()
    {
        var block = ReadAsync();
        for (var steps = 0; !block.IsCompleted; steps++)
        {
            Assert.True(steps < 2_000, "Nothing came.");
            _host.Time.Advance(TimeSpan.FromMilliseconds(500));

            // Lets the server, which runs on other threads, set its next timer.
            await Task.WhenAny(block, Task.Delay(10, Http.Cancel));
        }

        return await block;
    }

    /// <summary>The numbers of the events up to the stream's end. Keep-alives are passed over.</summary>
    public async Task<IReadOnlyList<int>> RestAsync()
    {
        var numbers = new List<int>();
        while (await NextAsync() is { } block)
        {
            if (!block.StartsWith(':'))
            {
                numbers.Add(NumberOf(block));
            }
        }

        return numbers;
    }

    public static int NumberOf(string? block) => int.Parse(Assert.Single(block!.Split('\n'), l => l.StartsWith("id: ", StringComparison.Ordinal))["id: ".Length..]);

    public void Dispose()
    {
        _reader.Dispose();
        _response.Dispose();
    }

    private async Task<string?> ReadAsync()
    {
        var block = "";
        while (await _reader.ReadLineAsync(Http.Cancel) is { } line)
        {
            if (line.Length == 0)
            {
                return block;
            }

            block += line + "\n";
        }

        // What has no empty line after it is no event.
        Assert.Equal("", block);
        return null;
    }
}
