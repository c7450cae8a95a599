using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;

namespace ModelFlow.Cli.Demo;

/// <summary>Takes the cards that a Teams channel, and a person, would get: a web server of the demo's own on this machine.</summary>
internal sealed class CardReceiver : IAsyncDisposable
{
    private readonly HttpListener _listener = new();
    private readonly ConcurrentQueue<Card> _cards = new();
    private readonly Task _taking;

    private CardReceiver(int port)
    {
        Address = new Uri($"http://127.0.0.1:{port}/");
        _listener.Prefixes.Add(Address.ToString());
        _listener.Start();
        _taking = Task.Run(TakeAsync);
    }

    public Uri Address { get; }

    /// <summary>The cards that arrived, oldest first.</summary>
    public IEnumerable<Card> Cards => _cards;

    public static CardReceiver Start()
    {
        // A listener of this kind takes no free port by itself.
        using var probe = new TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        return new CardReceiver(port);
    }

    public async ValueTask DisposeAsync()
    {
        _listener.Stop();
        await _taking;
        _listener.Close();
    }

    private async Task TakeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException)
            {
                return; // It was stopped.
            }

            using var reader = new StreamReader(context.Request.InputStream);
            var text = await reader.ReadToEndAsync();
            _cards.Enqueue(Card.Read(context.Request.Url!.AbsolutePath.Trim('/'), JsonNode.Parse(text)!));
            context.Response.StatusCode = (int)HttpStatusCode.Accepted;
            context.Response.Close();
        }
    }
}

/// <summary>A card as somebody sees it.</summary>
/// <param name="To">Whose it is.</param>
/// <param name="Title">Its heading.</param>
/// <param name="Text">All of it.</param>
/// <param name="Buttons">What its buttons open, by their titles.</param>
internal sealed record Card(string To, string Title, string Text, IReadOnlyDictionary<string, Uri> Buttons)
{
    public static Card Read(string to, JsonNode message)
    {
        var content = message["attachments"]![0]!["content"]!;
        var buttons = content["actions"]!.AsArray().ToDictionary(a => (string)a!["title"]!, a => new Uri((string)a!["url"]!), StringComparer.Ordinal);
        return new Card(to, (string)content["body"]![0]!["text"]!, content.ToJsonString(), buttons);
    }

    /// <summary>Whether it asks people about a release.</summary>
    public bool Asks(string release) => Title.EndsWith("asks for approval", StringComparison.Ordinal) && Text.Contains($"\"{release}\"", StringComparison.Ordinal);
}
