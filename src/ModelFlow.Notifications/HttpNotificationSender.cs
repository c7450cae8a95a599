using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Notifications;
using ModelFlow.Core.Ports;

namespace ModelFlow.Notifications;

/// <summary>
/// Posts messages, signed as <see cref="WebhookSignature"/> says. Any status from 200 to 299 means that the message arrived; redirections are not
/// followed, answers are not read. Names are resolved and checked at each new connection, by <see cref="ReceiverAddress"/>.
/// </summary>
public sealed class HttpNotificationSender : INotificationSender, IDisposable
{
    private readonly HttpClient _client;
    private readonly ISecretProtector _protector;
    private readonly TimeProvider _time;
    private readonly bool _allowPrivate;

    /// <summary>Makes a sender with connections of its own.</summary>
    public HttpNotificationSender(ISecretProtector protector, IOptions<NotificationOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _protector = protector;
        _time = time;
        _allowPrivate = options.Value.AllowPrivateAddresses;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            UseProxy = false,
            PooledConnectionLifetime = TimeSpan.FromMinutes(2),
            ConnectCallback = ConnectAsync,
        })
        {
            Timeout = TimeSpan.FromSeconds(options.Value.TimeoutSeconds),
        };
        _client.DefaultRequestHeaders.UserAgent.Add(new ProductInfoHeaderValue("ModelFlow", null));
    }

    /// <inheritdoc/>
    public string? WhyNot(Uri address)
    {
        ArgumentNullException.ThrowIfNull(address);
        if (!string.Equals(address.Scheme, Uri.UriSchemeHttps, StringComparison.Ordinal) && !_allowPrivate)
        {
            return "must begin with https: what is sent is for its receiver alone.";
        }

        return IPAddress.TryParse(address.IdnHost, out var ip) && !ReceiverAddress.IsAllowed(ip, _allowPrivate)
            ? "is at a loopback, link-local or private address, which is not sent to; see Notifications:AllowPrivateAddresses."
            : null;
    }

    /// <inheritdoc/>
    public async Task<SendAnswer> SendAsync(Subscription subscription, Delivery delivery, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        ArgumentNullException.ThrowIfNull(delivery);
        var (at, began) = (_time.GetUtcNow(), _time.GetTimestamp());
        try
        {
            using var request = Request(subscription, delivery, at);
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            var status = (int)answer.StatusCode;
            var error = answer.IsSuccessStatusCode ? null : string.Create(CultureInfo.InvariantCulture, $"the receiver answered {status}");
            return new SendAnswer(Tried(status, error), RetryAfter(answer, at), answer.StatusCode == HttpStatusCode.Gone);
        }
        catch (HttpRequestException e)
        {
            // Messages of the network name the address, and the address is a secret: the kind of failure says enough.
            return new SendAnswer(Tried(null, e.InnerException is ForbiddenReceiverException ? e.InnerException.Message : $"no connection ({e.HttpRequestError})"));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new SendAnswer(Tried(null, string.Create(CultureInfo.InvariantCulture, $"no answer within {_client.Timeout.TotalSeconds} s")));
        }
        catch (CryptographicException e)
        {
            return new SendAnswer(Tried(null, $"the subscription cannot be read: {e.Message}"));
        }

        DeliveryTry Tried(int? status, string? error) => new(at, _time.GetElapsedTime(began), status, error);
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private HttpRequestMessage Request(Subscription subscription, Delivery delivery, DateTimeOffset now)
    {
        var body = Encoding.UTF8.GetBytes(delivery.Body);
        var keys = subscription.KeysAt(now).Select(k => Convert.FromBase64String(_protector.Unprotect(k.Protected)));
        var request = new HttpRequestMessage(HttpMethod.Post, _protector.Unprotect(subscription.Address)) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(subscription.Format == MessageFormat.Teams ? TeamsCard.MediaType : CloudEvent.MediaType, "utf-8");
        request.Headers.Add(WebhookSignature.IdHeader, delivery.Id);
        request.Headers.Add(WebhookSignature.TimestampHeader, now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add(WebhookSignature.SignatureHeader, WebhookSignature.Sign(keys, delivery.Id, now, body));
        return request;
    }

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var addresses = await Dns.GetHostAddressesAsync(context.DnsEndPoint.Host, cancellationToken);
        var allowed = addresses.Where(a => ReceiverAddress.IsAllowed(a, _allowPrivate)).ToArray();
        if (allowed.Length == 0)
        {
            throw new ForbiddenReceiverException();
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, context.DnsEndPoint.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage answer, DateTimeOffset now) => answer.Headers.RetryAfter switch
    {
        { Delta: { } wait } => wait,
        { Date: { } date } when date > now => date - now,
        _ => null,
    };

    private sealed class ForbiddenReceiverException()
        : IOException("the receiver is at an address that must not be sent to (see Notifications:AllowPrivateAddresses)");
}
