using ModelFlow.Core;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;

namespace ModelFlow.Orchestration.Commands;

/// <summary>The manifest of an upload, written by the uploader or made for a single file.</summary>
internal abstract record UploadManifest
{
    private UploadManifest()
    {
    }

    /// <summary>Well-formed, and about the place it lies in.</summary>
    public sealed record Read(Manifest Manifest) : UploadManifest;

    /// <summary>Not; every mistake is in the reason.</summary>
    public sealed record Invalid(string Reason) : UploadManifest;

    /// <summary>The upload is gone or was replaced.</summary>
    public sealed record Gone : UploadManifest;

    public static async Task<UploadManifest> ReadAsync(IUploadStore uploads, UploadReference upload, ModelName model, VersionName version, CancellationToken cancellationToken)
    {
        if (IncomingPath.TryParse(upload.ManifestPath, out var path) && path.SingleFile)
        {
            return await uploads.DescribeSingleFileAsync(upload, model, version, cancellationToken) is { } described ? new Read(described) : new Gone();
        }

        switch (await uploads.ReadManifestAsync(upload, cancellationToken))
        {
            case ReadManifest.Gone:
                return new Gone();
            case ReadManifest.TooLarge large:
                return new Invalid($"manifest.json has {large.Bytes} bytes; at most 4 MiB are read.");
            case ReadManifest.Found found when ManifestReader.Read(found.Utf8.Span) is ParseManifest.Parsed parsed:
                var misplaced = ManifestReader.CheckPlace(parsed.Manifest, model, version);
                return misplaced.Count == 0 ? new Read(parsed.Manifest) : new Invalid(Join(misplaced));
            case ReadManifest.Found found when ManifestReader.Read(found.Utf8.Span) is ParseManifest.Invalid invalid:
                return new Invalid(Join(invalid.Errors));
            default:
                throw new InvalidOperationException("Unknown outcome of reading a manifest.");
        }
    }

    public static string ExistsReason(VersionRecord existing, Sha256Digest uploaded) =>
        $"{existing.Version} is registered since {existing.RegisteredAt:u} with other content ({existing.Digest}, uploaded {uploaded}); a version never changes. Choose the next version number.";

    private static string Join(IReadOnlyList<FieldError> errors) => string.Join(' ', errors.Select(e => $"manifest.json: {e}"));
}
