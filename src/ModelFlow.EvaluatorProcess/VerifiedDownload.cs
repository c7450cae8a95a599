using System.Security.Cryptography;
using ModelFlow.Core.Naming;

namespace ModelFlow.EvaluatorProcess;

/// <summary>The outcome of a verified download.</summary>
public abstract record Downloaded
{
    private Downloaded()
    {
    }

    /// <summary>The file is there, with the size and digest asked for.</summary>
    public sealed record Verified(long Bytes) : Downloaded;

    /// <summary>Other bytes came than asked for, or none; nothing was left behind.</summary>
    public sealed record Refused(string Reason) : Downloaded;
}

/// <summary>Downloads files whose content is known by digest. No byte of a file that differs is ever seen under its name.</summary>
public static class VerifiedDownload
{
    private const int BufferBytes = 256 * 1024;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(1);

    /// <summary>
    /// Streams <paramref name="from"/> into a file beside <paramref name="path"/> and renames it when size and SHA-256 are right.
    /// It is read no further than one byte beyond the size.
    /// </summary>
    /// <param name="http">Sends the request; it needs no time limit of its own.</param>
    /// <param name="from">A grant to read. It is a secret and appears in no message.</param>
    /// <param name="path">Where the file shall be; its folder exists.</param>
    /// <param name="size">The bytes it must have; null where only the digest is known.</param>
    /// <param name="sha256">The digest it must have.</param>
    /// <param name="cancellationToken">Ends the download; nothing is left behind.</param>
    /// <exception cref="HttpRequestException">The storage cannot be reached.</exception>
    /// <exception cref="IOException">The connection broke, or nothing came for a minute.</exception>
    public static async Task<Downloaded> ToFileAsync(HttpClient http, Uri from, string path, long? size, Sha256Digest sha256, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(http);
        var name = Path.GetFileName(path);
        var partial = $"{path}.{Guid.NewGuid():N}.partial";
        try
        {
            using var response = await WithinAsync(idle => http.GetAsync(from, HttpCompletionOption.ResponseHeadersRead, idle), name, cancellationToken);
            if (!response.IsSuccessStatusCode)
            {
                return new Downloaded.Refused($"the storage answered {(int)response.StatusCode} ({response.ReasonPhrase}) when {name} was read");
            }

            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            long bytes = 0;
            await using (var content = await response.Content.ReadAsStreamAsync(cancellationToken))
            await using (var file = new FileStream(partial, FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, useAsync: true))
            {
                var buffer = new byte[BufferBytes];
                int read;
                while ((read = await WithinAsync(idle => content.ReadAsync(buffer, idle).AsTask(), name, cancellationToken)) > 0)
                {
                    bytes += read;
                    if (bytes > size)
                    {
                        return new Downloaded.Refused($"{name} in storage has more than the {size} bytes it must have");
                    }

                    hash.AppendData(buffer, 0, read);
                    await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
                }
            }

            if (size is { } expected && bytes != expected)
            {
                return new Downloaded.Refused($"{name} in storage has {bytes} bytes, not {expected}");
            }

            var digest = Sha256Digest.FromHash(hash.GetHashAndReset());
            if (digest != sha256)
            {
                return new Downloaded.Refused($"{name} in storage has the digest {digest}, not {sha256}");
            }

            File.SetUnixFileMode(partial, UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            File.Move(partial, path, overwrite: true);
            return new Downloaded.Verified(bytes);
        }
        finally
        {
            File.Delete(partial);
        }
    }

    // The client's own time limit, where it has one, ends with the headers.
    private static async Task<T> WithinAsync<T>(Func<CancellationToken, Task<T>> step, string name, CancellationToken cancellationToken)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        idle.CancelAfter(IdleLimit);
        try
        {
            return await step(idle.Token);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new IOException($"the storage sent nothing of {name} for {IdleLimit}", e);
        }
    }

    /// <summary>Whether a file here still has the digest.</summary>
    public static async Task<bool> HasDigestAsync(string path, Sha256Digest sha256, CancellationToken cancellationToken)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        await using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, BufferBytes, useAsync: true);
        return Sha256Digest.FromHash(await SHA256.HashDataAsync(file, cancellationToken)) == sha256;
    }
}
