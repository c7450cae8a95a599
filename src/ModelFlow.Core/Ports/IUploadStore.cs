using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;

namespace ModelFlow.Core.Ports;

/// <summary>The <c>incoming</c> and <c>quarantine</c> containers, and the way from there to <c>models</c>.</summary>
public interface IUploadStore
{
    /// <summary>
    /// Uploads that are complete: those with <c>{model}/{version}/manifest.json</c>, and single files <c>{model}/{version}.{extension}</c>.
    /// Anything else that lies there is not listed.
    /// </summary>
    IAsyncEnumerable<IncomingUpload> ListCompleteAsync(CancellationToken cancellationToken);

    /// <summary>The bytes of the manifest, at most 4 MiB; for a single file, null: it has none. Null result too if the blob is gone or has another ETag.</summary>
    Task<ReadManifest> ReadManifestAsync(UploadReference upload, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the manifest of a single-file upload: hashes the blob in a stream. Null if the blob is gone or has another ETag.
    /// </summary>
    Task<Manifest?> DescribeSingleFileAsync(UploadReference upload, ModelName model, VersionName version, CancellationToken cancellationToken);

    /// <summary>
    /// Copies the manifest's files to <c>models/{model}/{version}/</c>, server-side and create-only, on condition of each source's ETag,
    /// and verifies size and SHA-256 of every <em>copy</em> in a stream. Files that an interrupted run copied and verified are not copied again.
    /// Writes <c>manifest.json</c> beside them last.
    /// </summary>
    Task<CopyUpload> CopyToModelsAsync(UploadReference upload, Manifest manifest, IProgress<long>? bytesVerified, CancellationToken cancellationToken);

    /// <summary>Deletes what an interrupted or refused copy left under <c>models/{model}/{version}/</c>; only for a version that is not in the catalogue.</summary>
    Task DiscardCopyAsync(ModelName model, VersionName version, CancellationToken cancellationToken);

    /// <summary>Moves an upload to <c>quarantine/{time}-{reason code}/…</c> with a <c>refusal.json</c> beside it. Returns the folder.</summary>
    Task<string> QuarantineAsync(UploadReference upload, Refusal refusal, CancellationToken cancellationToken);

    /// <summary>Deletes a registered upload from <c>incoming</c>, as far as its blobs are still the ones that were copied.</summary>
    Task DeleteIncomingAsync(UploadReference upload, CancellationToken cancellationToken);

    /// <summary>Refused uploads, newest first.</summary>
    IAsyncEnumerable<Refusal> ListRefusalsAsync(CancellationToken cancellationToken);

    /// <summary>
    /// A grant to put the files of one upload under <c>incoming/{model}/{version}/</c> for <paramref name="validFor"/>: an address for each
    /// of them and one for the manifest, each good for its one blob. Remembers who asked for it.
    /// </summary>
    /// <param name="model">The model.</param>
    /// <param name="version">The version.</param>
    /// <param name="files">The files' paths, checked by <see cref="ManifestReader.CheckPaths"/>; without <c>manifest.json</c>.</param>
    /// <param name="uploader">Who asks.</param>
    /// <param name="validFor">How long the addresses work, up to a day.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    Task<UploadAddresses> GrantUploadAsync(ModelName model, VersionName version, IReadOnlyList<string> files, string uploader, TimeSpan validFor, CancellationToken cancellationToken);

    /// <summary>Who was granted the upload to this place; null for a bare drop.</summary>
    Task<string?> FindUploaderAsync(ModelName model, VersionName version, CancellationToken cancellationToken);
}

/// <summary>A complete upload. The names are as they stand in the path: not yet checked.</summary>
/// <param name="Reference">The blob that completed it.</param>
/// <param name="Model">The path's model part.</param>
/// <param name="Version">The path's version part, without the extension of a single file.</param>
/// <param name="SingleFile">Whether it is one self-contained file.</param>
public sealed record IncomingUpload(UploadReference Reference, string Model, string Version, bool SingleFile);

/// <summary>Where the files of one upload may be put: addresses with signatures, which are secrets.</summary>
/// <param name="Files">One for each file, in the order that was asked for.</param>
/// <param name="Manifest">The manifest's.</param>
public sealed record UploadAddresses(IReadOnlyList<Uri> Files, Uri Manifest);

/// <summary>The outcome of reading an upload's manifest.</summary>
public abstract record ReadManifest
{
    private ReadManifest()
    {
    }

    /// <summary>The bytes.</summary>
    public sealed record Found(ReadOnlyMemory<byte> Utf8) : ReadManifest;

    /// <summary>More than 4 MiB.</summary>
    public sealed record TooLarge(long Bytes) : ReadManifest;

    /// <summary>The blob is gone or was replaced.</summary>
    public sealed record Gone : ReadManifest;
}

/// <summary>The outcome of copying an upload to its one path.</summary>
public abstract record CopyUpload
{
    private CopyUpload()
    {
    }

    /// <summary>Every file is there and verified.</summary>
    public sealed record Copied : CopyUpload;

    /// <summary>A file is missing, or differs from the manifest in size or digest.</summary>
    public sealed record Mismatch(string Reason) : CopyUpload;

    /// <summary>The upload is gone or changed while it was copied.</summary>
    public sealed record Changed(string Reason) : CopyUpload;
}

/// <summary>Why an upload was refused.</summary>
public sealed record Refusal
{
    /// <summary>The blob that completed the upload.</summary>
    public required UploadReference Upload { get; init; }

    /// <summary>A short code: <c>name</c>, <c>manifest</c>, <c>digest</c>, <c>exists</c>, <c>format</c>.</summary>
    public required string By { get; init; }

    /// <summary>In a sentence or more, with the remedy.</summary>
    public required string Reason { get; init; }

    /// <summary>When.</summary>
    public required DateTimeOffset At { get; init; }

    /// <summary>Where it is kept, once it is.</summary>
    public string? Folder { get; init; }
}
