using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using Polly;
using Polly.Retry;

namespace ModelFlow.Serving.Repository;

/// <summary>
/// Brings one file from a granted address to disk. The bytes go to a partial file, are hashed as they pass, and the file
/// takes its name only when size and digest are right; a partial file that an earlier try or process left is gone on with.
/// </summary>
internal sealed class FileDownload(HttpClient http, ServingOptions options, TimeProvider time)
{
    private readonly ResiliencePipeline _pipeline = Retries(options, time);

    /// <summary>Downloads <paramref name="file"/> to <paramref name="target"/>.</summary>
    /// <exception cref="DownloadException">Not granted, not reachable, or not answered in time, after retries.</exception>
    /// <exception cref="WrongBytesException">The address serves other bytes than the digest names.</exception>
    public async Task RunAsync(ManifestFile file, Uri source, string partial, string target, CancellationToken cancellationToken)
    {
        try
        {
            await _pipeline.ExecuteAsync(token => TryOnceAsync(file, source, partial, target, token), cancellationToken);
        }
        catch (TransientDownloadException e)
        {
            throw new DownloadException($"'{file.Path}': {e.Message}");
        }
        catch (WrongBytesException)
        {
            File.Delete(partial);
            throw;
        }
    }

    private static ResiliencePipeline Retries(ServingOptions options, TimeProvider time)
    {
        var builder = new ResiliencePipelineBuilder { TimeProvider = time };
        return options.DownloadAttempts == 1
            ? builder.Build()
            : builder.AddRetry(new RetryStrategyOptions
            {
                ShouldHandle = new PredicateBuilder().Handle<TransientDownloadException>(),
                MaxRetryAttempts = options.DownloadAttempts - 1,
                BackoffType = DelayBackoffType.Exponential,
                Delay = TimeSpan.FromMilliseconds(200),
                MaxDelay = TimeSpan.FromSeconds(10),
                UseJitter = true,
            }).Build();
    }

    private async ValueTask TryOnceAsync(ManifestFile file, Uri source, string partial, string target, CancellationToken cancellationToken)
    {
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            bool resumed;
            await using (var stream = new FileStream(partial, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.Asynchronous))
            {
                resumed = await ReadAheadAsync(stream, file, hash, cancellationToken) > 0;
                if (stream.Length < file.Size)
                {
                    resumed &= await FetchAsync(stream, file, source, hash, stall);
                }

                stream.Flush(flushToDisk: true);
            }

            var digest = Sha256Digest.FromHash(hash.GetHashAndReset());
            if (digest != file.Sha256)
            {
                // What an earlier try left may be the wrong part; only a download from the first byte proves the source wrong.
                if (resumed)
                {
                    File.Delete(partial);
                    throw new TransientDownloadException("the part kept from an earlier try does not fit.");
                }

                throw new WrongBytesException($"'{file.Path}' has the digest {digest}, not {file.Sha256}.");
            }

            File.Move(partial, target, overwrite: true);
        }
        catch (HttpRequestException e)
        {
            // Its message names host and port, never the query with the grant.
            throw new TransientDownloadException(e.Message);
        }
        catch (OperationCanceledException) when (stall.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new TransientDownloadException($"no byte came for {options.DownloadStallTimeout.TotalSeconds:0} s.");
        }
    }

    private static async Task<long> ReadAheadAsync(FileStream stream, ManifestFile file, IncrementalHash hash, CancellationToken cancellationToken)
    {
        if (stream.Length > file.Size)
        {
            stream.SetLength(0);
        }

        await CopyAsync(stream, null, hash, long.MaxValue, null, Timeout.InfiniteTimeSpan, cancellationToken);
        return stream.Length;
    }

    /// <summary>Appends what is missing; returns whether the part that was there was kept.</summary>
    private async Task<bool> FetchAsync(FileStream stream, ManifestFile file, Uri source, IncrementalHash hash, CancellationTokenSource stall)
    {
        var offset = stream.Length;
        using var request = new HttpRequestMessage(HttpMethod.Get, source);
        if (offset > 0)
        {
            request.Headers.Range = new RangeHeaderValue(offset, null);
        }

        stall.CancelAfter(options.DownloadStallTimeout);
        using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, stall.Token);
        var kept = Continue(response, file, offset);
        if (!kept)
        {
            stream.SetLength(0);
            _ = hash.GetHashAndReset();
        }

        await using var body = await response.Content.ReadAsStreamAsync(stall.Token);
        await CopyAsync(body, stream, hash, file.Size - stream.Length, stall, options.DownloadStallTimeout, stall.Token);
        return stream.Length == file.Size
            ? kept && offset > 0
            : throw new WrongBytesException($"'{file.Path}' has {(stream.Length < file.Size ? stream.Length : $"more than {file.Size}")} bytes, not {file.Size}.");
    }

    private static bool Continue(HttpResponseMessage response, ManifestFile file, long offset) => response.StatusCode switch
    {
        HttpStatusCode.OK => offset == 0,
        HttpStatusCode.PartialContent when offset > 0 && response.Content.Headers.ContentRange?.From == offset => true,
        HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError =>
            throw new TransientDownloadException($"the store answered {(int)response.StatusCode}."),
        HttpStatusCode.RequestedRangeNotSatisfiable => throw new WrongBytesException($"'{file.Path}' is shorter than {file.Size} bytes."),
        var status => throw new DownloadException($"'{file.Path}': the store answered {(int)status}; the grant may have run out."),
    };

    // Copies (or, without a target, only hashes) up to one byte more than the limit, so that a longer source is noticed.
    private static async Task CopyAsync(Stream source, Stream? target, IncrementalHash hash, long limit, CancellationTokenSource? stall, TimeSpan patience, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 17);
        try
        {
            for (int read; limit >= 0 && (read = await ReadAsync(source, buffer, cancellationToken)) > 0; limit -= read)
            {
                stall?.CancelAfter(patience);
                hash.AppendData(buffer, 0, read);
                if (target is not null)
                {
                    await target.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<int> ReadAsync(Stream source, byte[] buffer, CancellationToken cancellationToken)
    {
        try
        {
            return await source.ReadAsync(buffer, cancellationToken);
        }
        catch (IOException e) when (source is not FileStream)
        {
            throw new TransientDownloadException(e.Message);
        }
    }

    private sealed class TransientDownloadException(string message) : Exception(message);
}

/// <summary>A file cannot be fetched now. The message has no secrets.</summary>
internal sealed class DownloadException(string message) : Exception(message);

/// <summary>A file is not the one that its digest names.</summary>
internal sealed class WrongBytesException(string message) : Exception(message);
