using System.Net.Http.Headers;
using System.Text.Json;
using ModelFlow.Core.Evaluation.Remote;
using ModelFlow.Core.Serialization;

namespace ModelFlow.EvaluationAgent;

/// <summary>When a claim is renewed and when it may be taken over.</summary>
/// <param name="HeartbeatEvery">See <see cref="RemoteClaim.HeartbeatEvery"/>.</param>
/// <param name="StaleAfter">See <see cref="RemoteClaim.StaleAfter"/>.</param>
internal sealed record ClaimTiming(TimeSpan HeartbeatEvery, TimeSpan StaleAfter)
{
    public static ClaimTiming Default { get; } = new(RemoteClaim.HeartbeatEvery, RemoteClaim.StaleAfter);
}

/// <summary>
/// The claim on a job. It is made by a conditional insert, renewed and taken over by conditional writes: whoever froze and woke finds
/// at the next renewal that it lost it. A start can claim a job once, so that the outputs of a start have one writer ever.
/// </summary>
internal sealed class ClaimHolder(RemoteJob job, GrantClient grants, ClaimTiming timing, TimeProvider time) : IDisposable
{
    private const string Name = "the claim";
    private const long Largest = 4096;

    private readonly SemaphoreSlim _gate = new(1, 1);
    private readonly string _holder = Guid.NewGuid().ToString("N");
    private EntityTagHeaderValue _etag = EntityTagHeaderValue.Any;
    private long _beat;
    private long _renewedAt;

    /// <summary>Takes the claim; null if it is taken, otherwise why not.</summary>
    public async Task<string?> TryTakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var began = time.GetTimestamp();
            var there = await grants.ReadAsync(job.Claim.Address, Name, Largest, cancellationToken);
            var claim = there is null ? null : Read(there.Content);
            if (claim is not null && string.Equals(claim.Holder, _holder, StringComparison.Ordinal))
            {
                // The answer to the own try was lost.
                (_etag, _renewedAt) = (there!.ETag, began);
                return null;
            }

            if (claim is not null && Refusal(claim, there!.Age) is { } refusal)
            {
                return refusal;
            }

            switch (await grants.PutAsync(job.Claim, Name, Content(), there?.ETag, cancellationToken))
            {
                case PutAnswer.Done done:
                    (_etag, _renewedAt) = (done.ETag ?? EntityTagHeaderValue.Any, began);
                    return null;
                case PutAnswer.Refused refused:
                    return refused.Reason;
            }
        }
    }

    /// <summary>Renews the claim until it is lost or <paramref name="cancellationToken"/> ends it. Returns why it was lost.</summary>
    public async Task<string> HoldAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await Task.Delay(timing.HeartbeatEvery, time, cancellationToken);
            if (await RenewAsync(cancellationToken) is { } lost)
            {
                return lost;
            }
        }
    }

    /// <summary>Renews the claim; null if it is still the own, otherwise why not.</summary>
    public async Task<string?> RenewAsync(CancellationToken cancellationToken)
    {
        await _gate.WaitAsync(cancellationToken);
        try
        {
            return await RenewAloneAsync(cancellationToken);
        }
        finally
        {
            _gate.Release();
        }
    }

    public void Dispose() => _gate.Dispose();

    private async Task<string?> RenewAloneAsync(CancellationToken cancellationToken)
    {
        // Time enough to end before anybody may take over, also when the last answer was slow.
        var until = timing.StaleAfter - timing.HeartbeatEvery;
        while (true)
        {
            var began = time.GetTimestamp();
            try
            {
                _beat++;
                switch (await grants.PutAsync(job.Claim, Name, () => new MemoryStream(Content(), writable: false), _etag, 1, grants.SmallTimeout, cancellationToken))
                {
                    case PutAnswer.Done done:
                        (_etag, _renewedAt) = (done.ETag ?? _etag, began);
                        return null;
                    case PutAnswer.Refused refused:
                        return refused.Reason;
                }

                var there = await grants.ReadAsync(job.Claim.Address, Name, Largest, cancellationToken);
                if (there is null || Read(there.Content) is not { } claim)
                {
                    return "the claim is gone";
                }

                if (!string.Equals(claim.Holder, _holder, StringComparison.Ordinal))
                {
                    return claim.IsStopped ? "the job was stopped" : $"start {claim.Start} took the job over";
                }

                _etag = there.ETag;
            }
            catch (IOException) when (time.GetElapsedTime(_renewedAt) < until)
            {
                // The storage cannot be reached; there is time left to try again.
                await Task.Delay(grants.RetryDelay, time, cancellationToken);
            }
            catch (IOException e)
            {
                return $"the claim could not be renewed for {time.GetElapsedTime(_renewedAt)}: {e.Message}";
            }
        }
    }

    private string? Refusal(RemoteClaim claim, TimeSpan age) =>
        claim.IsStopped ? "the job was stopped"
        : claim.Start == job.Start ? "another container of this start evaluates it, or did"
        : claim.Start > job.Start ? $"start {claim.Start} came after this one"
        : age < timing.StaleAfter ? $"start {claim.Start} evaluates it and gave a sign of life {age.TotalSeconds:0} s ago"
        : null;

    private byte[] Content() => JsonSerializer.SerializeToUtf8Bytes(new RemoteClaim(job.Start, _holder, _beat), CoreJson.Options);

    private static RemoteClaim? Read(byte[] content)
    {
        try
        {
            return JsonSerializer.Deserialize<RemoteClaim>(content, CoreJson.Options);
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
