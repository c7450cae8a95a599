using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace ModelFlow.Api.Tests.Fuzz;

/// <summary>Speaks HTTP/1.1 in bytes: what no client library would send can be sent. Opened again whenever the server closes.</summary>
public sealed class RawConnection(int port) : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private TcpClient? _tcp;
    private byte[] _buffer = new byte[16 * 1024];
    private int _from;
    private int _to;

    /// <summary>Sends a request as it is, and reads its answer; null if the server hung up without one.</summary>
    public async Task<RawAnswer?> SendAsync(RawRequest request, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        for (var attempt = 0; ; attempt++)
        {
            var kept = _tcp is not null;
            try
            {
                await SendAsync(request.Bytes, patience.Token);
                var answer = await ReadAsync(request.IsHead, patience.Token);
                if (answer.Closes || request.Breaks)
                {
                    Close();
                }

                return answer;
            }
            catch (Exception e) when (e is IOException or SocketException)
            {
                // A connection that was kept may have been closed before this request came to it.
                Close();
                if (!kept || attempt > 0)
                {
                    return null;
                }
            }
        }
    }

    public void Dispose() => Close();

    private void Close()
    {
        _tcp?.Dispose();
        _tcp = null;
        (_from, _to) = (0, 0);
    }

    private async Task SendAsync(byte[] bytes, CancellationToken cancellationToken)
    {
        if (_tcp is null)
        {
            _tcp = new TcpClient { NoDelay = true };
            await _tcp.ConnectAsync("127.0.0.1", port, cancellationToken);
        }

        try
        {
            await _tcp.GetStream().WriteAsync(bytes, cancellationToken);
        }
        catch (IOException)
        {
            // The server may have answered, and closed, before it had read all of it: the answer is still to be read.
        }
    }

    private async Task<RawAnswer> ReadAsync(bool head, CancellationToken cancellationToken)
    {
        string line;
        int status;
        var headers = new List<KeyValuePair<string, string>>();
        do
        {
            line = await LineAsync(cancellationToken);
            Assert.Matches(@"\AHTTP/1\.1 [1-9][0-9]{2}( |\z)", line);
            status = int.Parse(line.AsSpan(9, 3), NumberStyles.None, CultureInfo.InvariantCulture);
            headers.Clear();
            while ((line = await LineAsync(cancellationToken)).Length > 0)
            {
                var colon = line.IndexOf(':', StringComparison.Ordinal);
                Assert.True(colon > 0, $"'{line}' is no header.");
                headers.Add(new(line[..colon], line[(colon + 1)..].Trim()));
            }
        }
        while (status < 200);

        string? Header(string name) => headers.FirstOrDefault(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;
        var body = new MemoryStream();
        if (!head && status is not (204 or 304))
        {
            if (Header("Transfer-Encoding") is not null)
            {
                int size;
                do
                {
                    size = int.Parse(await LineAsync(cancellationToken), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
                    await TakeAsync(size, body, cancellationToken);
                    Assert.Equal("", await LineAsync(cancellationToken));
                }
                while (size > 0);
            }
            else if (Header("Content-Length") is { } length)
            {
                await TakeAsync(int.Parse(length, NumberStyles.None, CultureInfo.InvariantCulture), body, cancellationToken);
            }
            else
            {
                await TakeAllAsync(body, cancellationToken);
            }
        }

        return new RawAnswer(status, headers, Encoding.UTF8.GetString(body.GetBuffer(), 0, (int)body.Length), string.Equals(Header("Connection"), "close", StringComparison.OrdinalIgnoreCase));
    }

    private async Task<string> LineAsync(CancellationToken cancellationToken)
    {
        int at;
        while ((at = Array.IndexOf(_buffer, (byte)'\n', _from, _to - _from)) < 0)
        {
            await FillAsync(cancellationToken);
        }

        var line = Encoding.UTF8.GetString(_buffer, _from, at - _from).TrimEnd('\r');
        _from = at + 1;
        return line;
    }

    private async Task TakeAsync(int count, MemoryStream into, CancellationToken cancellationToken)
    {
        while (count > 0)
        {
            if (_from == _to)
            {
                await FillAsync(cancellationToken);
            }

            var now = Math.Min(count, _to - _from);
            into.Write(_buffer, _from, now);
            _from += now;
            count -= now;
        }
    }

    // HTTP/1.0 ends an answer by hanging up.
    private async Task TakeAllAsync(MemoryStream into, CancellationToken cancellationToken)
    {
        into.Write(_buffer, _from, _to - _from);
        (_from, _to) = (0, 0);
        await _tcp!.GetStream().CopyToAsync(into, cancellationToken); // It was just read from.
    }

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        if (_from > 0)
        {
            Array.Copy(_buffer, _from, _buffer, 0, _to - _from);
            (_from, _to) = (0, _to - _from);
        }

        if (_to == _buffer.Length)
        {
            Array.Resize(ref _buffer, _buffer.Length * 2);
        }

        var read = await _tcp!.GetStream().ReadAsync(_buffer.AsMemory(_to), cancellationToken); // It was just written to.
        _to += read > 0 ? read : throw new IOException("The server hung up.");
    }
}

/// <summary>An answer as it came.</summary>
public sealed record RawAnswer(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers, string Body, bool Closes)
{
    public string? Header(string name) => Headers.FirstOrDefault(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).Value;

    /// <summary>All of it, to be searched.</summary>
    public string Text => string.Join('\n', Headers.Select(h => $"{h.Key}: {h.Value}")) + "\n\n" + Body;
}

/// <summary>A request in bytes, made of parts that need not fit together.</summary>
public sealed record RawRequest
{
    public required string Method { get; init; }

    /// <summary>As it stands in the request line; characters up to U+00FF are one byte each.</summary>
    public required string Target { get; init; }

    /// <summary>Lines, each as it is; characters as in <see cref="Target"/>.</summary>
    public IReadOnlyList<string> Headers { get; init; } = [];

    public byte[]? Body { get; init; }

    public string? ContentType { get; init; }

    /// <summary>What is said of the body's length in its place.</summary>
    public string? Framing { get; init; }

    public string Version { get; init; } = "HTTP/1.1";

    public bool IsHead => Method == "HEAD";

    /// <summary>The connection is good for nothing afterwards.</summary>
    public bool Breaks => Framing is not null || Version != "HTTP/1.1";

    public byte[] Bytes
    {
        get
        {
            var text = new StringBuilder($"{Method} {Target} {Version}\r\n");
            if (!Headers.Any(h => h.StartsWith("Host:", StringComparison.OrdinalIgnoreCase)))
            {
                text.Append("Host: modelflow.example.com\r\n");
            }

            foreach (var header in Headers)
            {
                text.Append(header).Append("\r\n");
            }

            if (ContentType is not null)
            {
                text.Append("Content-Type: ").Append(ContentType).Append("\r\n");
            }

            if (Framing is not null)
            {
                text.Append(Framing).Append("\r\n");
            }
            else if (Body is not null)
            {
                text.Append(CultureInfo.InvariantCulture, $"Content-Length: {Body.Length}\r\n");
            }

            return [.. Encoding.Latin1.GetBytes(text.Append("\r\n").ToString()), .. Body ?? []];
        }
    }

    public override string ToString()
    {
        var text = Encoding.Latin1.GetString(Bytes);
        return (text.Length > 2_000 ? text[..2_000] + $"… ({text.Length} bytes)" : text).Replace("\0", "\\0", StringComparison.Ordinal);
    }
}
