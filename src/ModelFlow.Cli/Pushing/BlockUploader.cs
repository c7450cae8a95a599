using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using Azure;
using Azure.Core.Pipeline;
using Azure.Storage;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;

namespace ModelFlow.Cli.Pushing;

/// <summary>How files are uploaded.</summary>
/// <param name="BlockBytes">Bytes of a block.</param>
/// <param name="Parallel">Blocks on their way at once: with <paramref name="BlockBytes"/> the bound on memory.</param>
internal sealed record UploadOptions(int BlockBytes, int Parallel)
{
    /// <summary>8 MiB and 4 at once: against Azurite on two cores smaller blocks and more at once cost 10 % more of its time, larger ones gain nothing.</summary>
    public static readonly UploadOptions Default = new(8 * 1024 * 1024, 4);

    /// <summary>A block blob has at most this many blocks.</summary>
    public const int MostBlocks = 50_000;
}

/// <summary>A file that is up, with the digest of the bytes that were sent.</summary>
internal sealed record UploadedFile(PushFile File, string Sha256);

/// <summary>
/// Uploads files as block blobs. Each file is read once: its blocks go up in parallel while the SHA-256 of the whole is made.
/// A block's id says where it belongs and what it holds (offset and MD5), so an interrupted upload is taken up by asking
/// the storage which blocks it has: no state is kept here, and a file that changed meanwhile is uploaded where it changed.
/// The MD5 also goes along as Content-MD5, by which the storage refuses a block that was damaged on its way. It guards against
/// accidents only; what a version's bytes are is said by SHA-256.
/// </summary>
internal sealed class BlockUploader : IDisposable
{
    private readonly PushGrant _grant;
    private readonly BlobClientOptions _client;
    private readonly UploadOptions _options;
    private readonly SemaphoreSlim _slots;
    private readonly SocketsHttpHandler _handler;

    /// <summary>Uploads to the addresses that <paramref name="grant"/> has, each asked for when it is used.</summary>
    public BlockUploader(PushGrant grant, UploadOptions options)
    {
        _grant = grant;
        _options = options;
        _slots = new SemaphoreSlim(options.Parallel);
        _handler = new SocketsHttpHandler { MaxConnectionsPerServer = options.Parallel + 2, UseProxy = !grant.Storage.IsLoopback, EnableMultipleHttp2Connections = true };
        _client = new BlobClientOptions
        {
            Transport = new HttpClientTransport(new HttpClient(_handler) { Timeout = Timeout.InfiniteTimeSpan }),
            Retry = { MaxRetries = 6, Delay = TimeSpan.FromMilliseconds(500), MaxDelay = TimeSpan.FromSeconds(20), NetworkTimeout = TimeSpan.FromMinutes(10) },
            Diagnostics = { IsLoggingEnabled = false, IsTelemetryEnabled = false, IsDistributedTracingEnabled = false },
        };
    }

    public void Dispose()
    {
        _slots.Dispose();
        _handler.Dispose();
    }

    /// <summary>Uploads all files; the largest first, so that none is left alone at the end.</summary>
    /// <param name="files">The files.</param>
    /// <param name="sent">Told of bytes that are up: sent now, or there already (then <c>Skipped</c>).</param>
    /// <param name="cancellationToken">Stops it; what is up stays for the next run.</param>
    public async Task<IReadOnlyList<UploadedFile>> UploadAsync(IReadOnlyList<PushFile> files, IProgress<Sent> sent, CancellationToken cancellationToken)
    {
        var uploaded = new UploadedFile[files.Count];
        var order = Enumerable.Range(0, files.Count).OrderByDescending(i => files[i].Size);
        await Parallel.ForEachAsync(
            order,
            new ParallelOptions { MaxDegreeOfParallelism = _options.Parallel, CancellationToken = cancellationToken },
            async (i, token) => uploaded[i] = await UploadAsync(files[i], sent, token));
        return uploaded;
    }

    /// <summary>Uploads the manifest and returns its ETag.</summary>
    public async Task<string> UploadManifestAsync(BinaryData content, CancellationToken cancellationToken)
    {
        var blob = new BlockBlobClient(await _grant.ManifestAddressAsync(cancellationToken), _client);
        var response = await blob.UploadAsync(content.ToStream(), new BlobUploadOptions(), cancellationToken);
        return response.Value.ETag.ToString();
    }

    private async Task<UploadedFile> UploadAsync(PushFile file, IProgress<Sent> sent, CancellationToken cancellationToken)
    {
        using var handle = File.OpenHandle(file.FullPath, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan | FileOptions.Asynchronous);
        var changed = File.GetLastWriteTimeUtc(handle);
        using var sha256 = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        if (file.Size <= BlockBytesFor(file.Size))
        {
            await UploadWholeAsync(handle, file, sha256, sent, cancellationToken);
        }
        else
        {
            await UploadBlocksAsync(handle, file, sha256, sent, cancellationToken);
        }

        if (RandomAccess.GetLength(handle) != file.Size || File.GetLastWriteTimeUtc(handle) != changed)
        {
            throw Changed(file);
        }

        return new UploadedFile(file, Convert.ToHexStringLower(sha256.GetHashAndReset()));
    }

    private async Task UploadWholeAsync(Microsoft.Win32.SafeHandles.SafeFileHandle handle, PushFile file, IncrementalHash sha256, IProgress<Sent> sent, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent((int)Math.Max(1, file.Size));
        try
        {
            await ReadAsync(handle, file, buffer.AsMemory(0, (int)file.Size), 0, cancellationToken);
            sha256.AppendData(buffer, 0, (int)file.Size);
            using var content = new MemoryStream(buffer, 0, (int)file.Size, writable: false);
            var blob = await BlobAsync(file, cancellationToken);
            await blob.UploadAsync(content, new BlobUploadOptions { TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5 } }, cancellationToken);
            sent.Report(new Sent(file.Size, Skipped: false));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _slots.Release();
        }
    }

    private async Task UploadBlocksAsync(Microsoft.Win32.SafeHandles.SafeFileHandle handle, PushFile file, IncrementalHash sha256, IProgress<Sent> sent, CancellationToken cancellationToken)
    {
        var there = await ListBlocksAsync(await BlobAsync(file, cancellationToken), cancellationToken);
        var size = BlockBytesFor(file.Size);
        var ids = new List<string>();
        var staging = new List<Task>();
        using var failed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            for (long offset = 0; offset < file.Size; offset += size)
            {
                var length = (int)Math.Min(size, file.Size - offset);
                await _slots.WaitAsync(failed.Token);
                var buffer = ArrayPool<byte>.Shared.Rent(length);
                var handedOver = false;
                try
                {
                    await ReadAsync(handle, file, buffer.AsMemory(0, length), offset, failed.Token);
                    sha256.AppendData(buffer, 0, length);
                    var md5 = Md5(buffer.AsSpan(0, length));
                    var id = BlockId(offset, md5);
                    ids.Add(id);
                    if (there.Held.Contains((id, length)))
                    {
                        sent.Report(new Sent(length, Skipped: true));
                    }
                    else
                    {
                        staging.Add(StageAsync(file, id, md5, buffer, length, sent, failed));
                        handedOver = true;
                    }
                }
                finally
                {
                    if (!handedOver)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        _slots.Release();
                    }
                }
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A block failed; its task says why.
        }
        finally
        {
            await Task.WhenAll(staging);
        }

        if (!there.Committed.SequenceEqual(ids, StringComparer.Ordinal))
        {
            var blob = await BlobAsync(file, cancellationToken);
            await blob.CommitBlockListAsync(ids, new CommitBlockListOptions(), cancellationToken);
        }
    }

    private async Task StageAsync(PushFile file, string id, byte[] md5, byte[] buffer, int length, IProgress<Sent> sent, CancellationTokenSource failed)
    {
        try
        {
            using var content = new MemoryStream(buffer, 0, length, writable: false);
            var blob = await BlobAsync(file, failed.Token);
            await blob.StageBlockAsync(id, content, new BlockBlobStageBlockOptions { TransferValidation = new UploadTransferValidationOptions { ChecksumAlgorithm = StorageChecksumAlgorithm.MD5, PrecalculatedChecksum = md5 } }, failed.Token);
            sent.Report(new Sent(length, Skipped: false));
        }
        catch
        {
            await failed.CancelAsync();
            throw;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
            _slots.Release();
        }
    }

    // Asked for anew each time: a large file may outlast its first address.
    private async Task<BlockBlobClient> BlobAsync(PushFile file, CancellationToken cancellationToken) =>
        new(await _grant.AddressAsync(file.Path, cancellationToken), _client);

    private static async Task<(IReadOnlySet<(string Id, int Length)> Held, IReadOnlyList<string> Committed)> ListBlocksAsync(BlockBlobClient blob, CancellationToken cancellationToken)
    {
        try
        {
            var list = (await blob.GetBlockListAsync(BlockListTypes.All, cancellationToken: cancellationToken)).Value;
            var held = list.CommittedBlocks.Concat(list.UncommittedBlocks).Select(b => (b.Name, b.Size)).ToHashSet();
            return (held, list.UncommittedBlocks.Any() ? [] : [.. list.CommittedBlocks.Select(b => b.Name)]);
        }
        catch (RequestFailedException e) when (e.Status is 404 or 403)
        {
            // Nothing there yet; or a grant that may write and not look: then everything is sent again.
            return (new HashSet<(string, int)>(), []);
        }
    }

    // A file of more than 50,000 blocks gets larger ones, in whole MiB.
    private int BlockBytesFor(long size)
    {
        const int MiB = 1024 * 1024;
        var needed = (size + UploadOptions.MostBlocks - 1) / UploadOptions.MostBlocks;
        return (int)Math.Max(_options.BlockBytes, (needed + MiB - 1) / MiB * MiB);
    }

    private static string BlockId(long offset, byte[] md5)
    {
        Span<byte> id = stackalloc byte[8 + MD5.HashSizeInBytes];
        BinaryPrimitives.WriteInt64BigEndian(id, offset);
        md5.CopyTo(id[8..]);
        return Convert.ToBase64String(id);
    }

#pragma warning disable CA5351 // The storage protocol's checksum; nothing is trusted on it.
    private static byte[] Md5(ReadOnlySpan<byte> content) => MD5.HashData(content);
#pragma warning restore CA5351

    private static async Task ReadAsync(Microsoft.Win32.SafeHandles.SafeFileHandle handle, PushFile file, Memory<byte> buffer, long offset, CancellationToken cancellationToken)
    {
        while (buffer.Length > 0)
        {
            var read = await RandomAccess.ReadAsync(handle, buffer, offset, cancellationToken);
            if (read == 0)
            {
                throw Changed(file);
            }

            (buffer, offset) = (buffer[read..], offset + read);
        }
    }

    private static CommandFailedException Changed(PushFile file) =>
        new(ExitCode.Refused, $"{file.FullPath} changed while it was read.", "Push again when nothing writes to it.");
}

/// <summary>Bytes that are up.</summary>
/// <param name="Bytes">How many.</param>
/// <param name="Skipped">Whether the storage had them already.</param>
internal readonly record struct Sent(long Bytes, bool Skipped);
