using System.Net;
using System.Net.Http.Headers;
using ModelFlow.Core.Evaluation.Remote;

namespace ModelFlow.EvaluationAgent;

/// <summary>What a PUT came to.</summary>
internal abstract record PutAnswer
{
    private PutAnswer()
    {
    }

    /// <summary>It is there.</summary>
    /// <param name="ETag">What it is there as.</param>
    public sealed record Done(EntityTagHeaderValue? ETag) : PutAnswer;

    /// <summary>The condition did not hold. After an answer that was lost this may be the own first try.</summary>
    public sealed record Otherwise : PutAnswer;

    /// <summary>It cannot be put.</summary>
    public sealed record Refused(string Reason) : PutAnswer;
}

/// <summary>A file that was read.</summary>
/// <param name="Content">Its bytes.</param>
/// <param name="ETag">What it was read as.</param>
/// <param name="Age">How long it has been unchanged, by the storage's clock.</param>
internal sealed record ReadFile(byte[] Content, EntityTagHeaderValue ETag, TimeSpan Age);

/// <summary>
/// Uses grants over HTTP and nothing but HTTP: what fails for a moment is tried again, what a grant does not allow is not. Addresses are
/// secrets and are in no message.
/// </summary>
internal sealed class GrantClient(HttpClient http, TimeProvider time)
{
    private const int Tries = 6;

    /// <summary>How long a first retry waits; doubled with each.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How long one request may take that moves little.</summary>
    public TimeSpan SmallTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Reads a file of at most <paramref name="mostBytes"/>; null if it is not there.</summary>
    /// <exception cref="IOException">It cannot be read.</exception>
    public Task<ReadFile?> ReadAsync(Uri from, string name, long mostBytes, CancellationToken cancellationToken) => RetryAsync(name, Tries, async cancel =>
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        limit.CancelAfter(SmallTimeout);
        using var response = await http.GetAsync(from, HttpCompletionOption.ResponseHeadersRead, limit.Token);
        if (response.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        Check(response, name);
        if (response.Content.Headers.ContentLength > mostBytes)
        {
            throw new IOException($"{name} has {response.Content.Headers.ContentLength} bytes; at most {mostBytes} are allowed");
        }

        var content = await response.Content.ReadAsByteArrayAsync(limit.Token);
        var age = response.Headers.Date is { } now && response.Content.Headers.LastModified is { } written ? now - written : TimeSpan.Zero;
        return new ReadFile(content, response.Headers.ETag ?? EntityTagHeaderValue.Any, age);
    }, cancellationToken);

    /// <summary>Puts a file where there is none, or in the place of <paramref name="replacing"/>.</summary>
    /// <param name="grant">Where.</param>
    /// <param name="name">What it is, for messages.</param>
    /// <param name="open">Opens the content; once for each try.</param>
    /// <param name="replacing">What is to be there; null: nothing.</param>
    /// <param name="tries">How often it is tried.</param>
    /// <param name="timeout">How long one try may take.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="IOException">The storage did not answer.</exception>
    public Task<PutAnswer> PutAsync(RemoteGrant grant, string name, Func<Stream> open, EntityTagHeaderValue? replacing, int tries, TimeSpan timeout, CancellationToken cancellationToken)
    {
        var uncertain = false;
        return RetryAsync<PutAnswer>(name, tries, async cancel =>
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(timeout);
            await using var content = open();
            using var request = new HttpRequestMessage(HttpMethod.Put, grant.Address) { Content = new StreamContent(content, 1024 * 1024) };
            request.Content.Headers.ContentLength = content.Length;
            foreach (var (header, value) in grant.Headers)
            {
                request.Headers.TryAddWithoutValidation(header, value);
            }

            if (replacing is null)
            {
                request.Headers.IfNoneMatch.Add(EntityTagHeaderValue.Any);
            }
            else
            {
                request.Headers.IfMatch.Add(replacing);
            }

            var before = uncertain;
            uncertain = true;
            using var response = await http.SendAsync(request, limit.Token);
            if (response.IsSuccessStatusCode)
            {
                return new PutAnswer.Done(response.Headers.ETag);
            }

            // A grant that may only create answers 403 to what is there already, on some storages.
            if (response.StatusCode is HttpStatusCode.Conflict or HttpStatusCode.PreconditionFailed || (response.StatusCode == HttpStatusCode.Forbidden && before))
            {
                return new PutAnswer.Otherwise();
            }

            if ((int)response.StatusCode is not (408 or 429 or >= 500))
            {
                return new PutAnswer.Refused($"the storage answered {(int)response.StatusCode} ({response.ReasonPhrase}) when {name} was put");
            }

            Check(response, name);
            throw new InvalidOperationException("a failure was no failure");
        }, cancellationToken);
    }

    /// <summary>Puts a small file; see the other.</summary>
    public Task<PutAnswer> PutAsync(RemoteGrant grant, string name, byte[] content, EntityTagHeaderValue? replacing, CancellationToken cancellationToken) =>
        PutAsync(grant, name, () => new MemoryStream(content, writable: false), replacing, Tries, SmallTimeout, cancellationToken);

    /// <summary>Runs a step again while it fails for reasons that pass.</summary>
    public async Task<T> RetryAsync<T>(string name, int tries, Func<CancellationToken, Task<T>> step, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await step(cancellationToken);
            }
            catch (Exception e) when (IsPassing(e, cancellationToken))
            {
                if (attempt >= tries)
                {
                    throw new IOException($"{name}: the storage cannot be reached ({e.Message}), also after {tries} tries", e);
                }

                await Task.Delay(RetryDelay * Math.Pow(2, attempt - 1), time, cancellationToken);
            }
        }
    }

    private static bool IsPassing(Exception e, CancellationToken cancellationToken) => e switch
    {
        HttpRequestException failed => failed.StatusCode is null or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError,
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        HttpIOException => true,
        IOException { InnerException: HttpRequestException or HttpIOException or OperationCanceledException or System.Net.Sockets.SocketException } => true,
        _ => false,
    };

    private static void Check(HttpResponseMessage response, string name)
    {
        if (!response.IsSuccessStatusCode)
        {
            throw new HttpRequestException($"the storage answered {(int)response.StatusCode} ({response.ReasonPhrase}) when {name} was moved", null, response.StatusCode);
        }
    }
}
