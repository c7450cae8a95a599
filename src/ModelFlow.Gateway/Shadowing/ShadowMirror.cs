using System.Threading.Channels;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Forwarding;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.OpenAi;
using ModelFlow.Gateway.Routing;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>
/// Mirrors requests to the version in the shadow, once their users have their answers, and compares the two. Nothing here is waited for by a request: what it does for
/// one is to keep its bytes and, at its end, to put them into a queue. The copies at once are bounded, so that a version that is slow, hangs or is dead costs
/// copies that are not made, which are counted.
/// </summary>
internal sealed class ShadowMirror(
    RouteBook book, GatewayClock clock, Limits limits, TrafficMeter meter, IOptions<GatewayOptions> options, TimeProvider time, ILogger<ShadowMirror> logger) : BackgroundService
{
    // A mirrored request may take this many times as long as stable's did.
    private const int Patience = 4;

    private static readonly PairTotals Dropped = new() { Dropped = 1 };
    private static readonly PairTotals TooLarge = new() { TooLarge = 1 };

    private readonly ShadowOptions _options = options.Value.Shadow;

    // Connections of their own: a hanging version takes none from the requests of users.
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        AutomaticDecompression = System.Net.DecompressionMethods.None,
        ActivityHeadersPropagator = null,
        ConnectTimeout = options.Value.ConnectTimeout,
    });

    // Bounded by what is pending, not by the channel.
    private readonly Channel<ShadowCopy> _waiting = Channel.CreateUnbounded<ShadowCopy>();
    private int _pending;

    /// <summary>Copies at once now.</summary>
    public int Pending => Volatile.Read(ref _pending);

    /// <summary>The copy to be made of a request; null if it is not to be mirrored or cannot be.</summary>
    public ShadowCopy? Begin(HttpContext context, LiveRoute route, ModelOperation operation, RouteChoice choice, ulong unique, bool hasKey, DateTimeOffset now)
    {
        if (route.Route.Shadow is null || !operation.Counts)
        {
            return null;
        }

        var mirrored = route.Table.Mirror(choice, unique, now);
        if (mirrored.Outcome != ChoiceOutcome.Chosen)
        {
            return null;
        }

        if (context.Request.ContentLength > _options.MaxBytes)
        {
            Count(route, mirrored, hasKey, TooLarge);
            return null;
        }

        if (Interlocked.Increment(ref _pending) > _options.Pending)
        {
            Interlocked.Decrement(ref _pending);
            Count(route, mirrored, hasKey, Dropped);
            return null;
        }

        return new ShadowCopy(route, operation, mirrored, hasKey, context.Request, _options, time);
    }

    /// <summary>The request came to its end: its copy is mirrored, unless there is nothing to compare with.</summary>
    public void End(ShadowCopy copy, RequestOutcome stable)
    {
        // Of a client that went away and of a server that took no connection there is no answer, and perhaps not all of the request.
        if (!copy.IsTooLarge && copy.IsComplete && stable is not (RequestOutcome.ClientAbort or RequestOutcome.ConnectError) && _waiting.Writer.TryWrite(copy.EndedAs(stable)))
        {
            return;
        }

        Interlocked.Decrement(ref _pending);
        if (copy.IsTooLarge)
        {
            Count(copy.Route, copy.Choice, copy.HasKey, TooLarge);
        }
    }

    public override void Dispose()
    {
        _http.Dispose();
        base.Dispose();
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(Enumerable.Range(0, _options.Concurrent).Select(_ => WorkAsync(stoppingToken)));

    private async Task WorkAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var copy in _waiting.Reader.ReadAllAsync(stoppingToken))
            {
                try
                {
                    await MirrorAsync(copy, stoppingToken);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    // The edge: a copy that breaks something must not end the mirroring of all others.
                    logger.MirroringFailed(copy.Route.Route.Model, e);
                }
                finally
                {
                    Interlocked.Decrement(ref _pending);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }

    private async Task MirrorAsync(ShadowCopy copy, CancellationToken stoppingToken)
    {
        // The step may have ended, or its lease run out, while the copy waited.
        if (!book.TryFind(copy.Route.Route.Model.Value, out var current) || current.Route.Generation != copy.Route.Route.Generation || !current.Table.IsLeased(clock.Now))
        {
            return;
        }

        var target = copy.Route.Target(copy.Choice);
        var tried = 0UL;
        if (!limits.TryEnter(target.Load))
        {
            Count(copy.Route, copy.Choice, copy.HasKey, Dropped);
            return;
        }

        try
        {
            if (target.TryChoose(ref tried, out var replica))
            {
                var mirrored = await SendAsync(copy, target, replica, stoppingToken);
                Count(copy, target, mirrored);
            }
        }
        finally
        {
            target.Load.Exit();
        }
    }

    private async Task<MirroredAnswer> SendAsync(ShadowCopy copy, VersionTarget target, Replica replica, CancellationToken stoppingToken)
    {
        var patience = copy.StableTook * Patience > _options.Timeout ? copy.StableTook * Patience : _options.Timeout;
        using var over = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(over.Token, stoppingToken);
        using var content = new ShadowContent(copy.Body, copy.Operation.Protocol == Protocol.OpenAi ? target.ServedModel : (ReadOnlyMemory<byte>?)null, time);
        using var request = new HttpRequestMessage(HttpMethod.Post, new Uri(replica.AddressOf(copy.Operation).AbsoluteUri + copy.Query)) { Content = content };
        request.Headers.Add(ShadowHeaders.Marker, "1");
        foreach (var (name, value) in copy.Headers)
        {
            if (!request.Headers.TryAddWithoutValidation(name, value))
            {
                content.Headers.TryAddWithoutValidation(name, value);
            }
        }

        var startedAt = time.GetTimestamp();
        var answer = new CapturedAnswer(new CaptureBuffer(_options.MaxBytes, time));
        var outcome = RequestOutcome.ClientAbort;
        replica.Begin();
        try
        {
            using var response = await _http.SendAsync(request, either.Token);
            answer.Begin(response);
            await ReadAsync(response.Content, answer, either.Token);
            outcome = (int)response.StatusCode switch { >= 500 => RequestOutcome.UpstreamError, >= 400 => RequestOutcome.ClientError, _ => RequestOutcome.Answered };
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException && !stoppingToken.IsCancellationRequested)
        {
            outcome = e switch
            {
                HttpRequestException { HttpRequestError: HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError or HttpRequestError.SecureConnectionError } => RequestOutcome.ConnectError,
                OperationCanceledException { InnerException: TimeoutException } when !over.IsCancellationRequested => RequestOutcome.ConnectError,
                OperationCanceledException => RequestOutcome.Timeout,
                _ => RequestOutcome.UpstreamError,
            };
        }
        finally
        {
            replica.End();
            logger.HealthChanged(replica.Health.End(outcome), target.Load, replica, "mirrored requests");
        }

        var ended = answer.LastAt == 0 || outcome == RequestOutcome.Timeout ? time.GetTimestamp() : answer.LastAt;
        return new MirroredAnswer(outcome, answer, time.GetElapsedTime(content.SentAt == 0 ? startedAt : content.SentAt, ended));
    }

    private static async Task ReadAsync(HttpContent content, CapturedAnswer answer, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[16 * 1024];
        int length;
        do
        {
            length = await stream.ReadAsync(buffer, cancellationToken);
            answer.Read(buffer.AsSpan(0, length));
        }
        while (length > 0 && !answer.IsTooLarge);
    }

    private void Count(ShadowCopy copy, VersionTarget target, MirroredAnswer mirrored)
    {
        var slowerThan = copy.Route.Route.Shadow?.SlowerThan;
        var (stable, candidate) = (copy.Outcome == RequestOutcome.Answered, mirrored.Outcome == RequestOutcome.Answered);
        var compared = stable && candidate && !mirrored.Answer.IsTooLarge ? AnswerComparison.Compare(copy.Operation, copy.Answer, mirrored.Answer) : default;

        // What ran into its time-out took at least as long as was waited.
        var timed = slowerThan is not null && stable && copy.StableTook > TimeSpan.Zero
            && (mirrored.Outcome == RequestOutcome.Timeout ? mirrored.Took > copy.StableTook * slowerThan.Value : candidate && !mirrored.Answer.IsTooLarge);
        var pair = new PairTotals
        {
            Pairs = 1,
            StableFailed = !stable && candidate ? 1 : 0,
            CandidateFailed = stable && !candidate ? 1 : 0,
            Compared = compared.Disagreement is null ? 0 : 1,
            Disagreement = compared.Disagreement ?? 0,
            Scored = compared.Distance is null ? 0 : 1,
            ScoreDifference = compared.Distance ?? 0,
            NotCompared = stable && candidate && compared.Disagreement is null && compared.Distance is null ? 1 : 0,
            Timed = timed ? 1 : 0,
            Slower = timed && mirrored.Took > copy.StableTook * (slowerThan ?? 1) ? 1 : 0,
        };
        var took = mirrored.Took.Ticks / TimeSpan.TicksPerMicrosecond;
        var sample = new Sample(copy.Route.Counter, target.Name, copy.Choice, mirrored.Outcome, copy.HasKey, took, took);
        meter.Add(new PairSample(sample, pair, timed ? copy.StableTook.Ticks / TimeSpan.TicksPerMicrosecond : 0));
    }

    private void Count(LiveRoute route, RouteChoice choice, bool hasKey, PairTotals notMirrored) =>
        meter.Add(new PairSample(new Sample(route.Counter, route.Target(choice).Name, choice, RequestOutcome.ClientAbort, hasKey, 0, 0), notMirrored, 0));

    private sealed record MirroredAnswer(RequestOutcome Outcome, CapturedAnswer Answer, TimeSpan Took);
}
