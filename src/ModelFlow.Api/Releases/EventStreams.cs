using System.Text.Json;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Http.Json;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Api.Releases;

/// <summary>What all streams of events on this host share: how many there may be, and what they are made of.</summary>
internal sealed class EventStreams(
    IReleaseStore store, TokenLookup tokens, TimeProvider time, IOptions<ApiOptions> options, IOptions<JsonOptions> json, IHostApplicationLifetime lifetime) : IDisposable
{
    private readonly ConcurrencyLimiter _places = new(new ConcurrencyLimiterOptions { PermitLimit = options.Value.MaxEventStreams, QueueLimit = 0 });

    public IReleaseStore Store => store;

    public TimeProvider Time => time;

    public ApiOptions Options => options.Value;

    /// <summary>How the list of events is written too.</summary>
    public JsonSerializerOptions Json => json.Value.SerializerOptions;

    /// <summary>Streams end with the host, not after it: it would wait for them.</summary>
    public CancellationToken Stopping => lifetime.ApplicationStopping;

    /// <summary>The events of a release as it was just read, after number <paramref name="after"/>, as an answer.</summary>
    public EventStream Of(ReleaseState state, int after, TokenSecret? token) => new(this, state, after, token);

    /// <summary>A place for a stream while the lease lives, if one is free.</summary>
    public RateLimitLease Enter() => _places.AttemptAcquire();

    /// <summary>Whether what a stream was opened with is still good; only ModelFlow's own tokens can be revoked.</summary>
    public async ValueTask<bool> MayReadAsync(TokenSecret? token, CancellationToken cancellationToken) =>
        token is not { } secret || await tokens.FindAsync(secret, cancellationToken) is not null;

    public void Dispose() => _places.Dispose();
}
