using ModelFlow.Core.Catalog;
using ModelFlow.Core.Manifests;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Orchestration.Commands;

/// <summary>Copies an upload to its one path, verifies the copy and enters the version into the catalogue; a refused upload goes to quarantine.</summary>
public sealed class RegisterVersionHandler(IUploadStore uploads, IVersionCatalog catalog, IEvaluationRunner evaluator, TimeProvider time)
{
    /// <summary>Runs the command.</summary>
    public async Task<CommandResult> RunAsync(CommandContext context, Command.RegisterVersion command, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(command);
        var manifest = await UploadManifest.ReadAsync(uploads, command.Upload, context.Model, context.Version, cancellationToken);
        var existing = await catalog.GetAsync(context.Model, context.Version, cancellationToken);
        switch (manifest)
        {
            case UploadManifest.Gone when existing is not null:
                // An earlier run of this command got as far as deleting the upload.
                return new CommandResult.Registered(existing.Digest, existing.Uploader);
            case UploadManifest.Gone:
                return new CommandResult.Refused("upload", "The upload was removed or replaced before it was registered; upload it again.");
            case UploadManifest.Invalid invalid:
                return await RefuseAsync(command.Upload, "manifest", invalid.Reason, cancellationToken);
        }

        var read = ((UploadManifest.Read)manifest).Manifest;
        var digest = ManifestWriter.DigestOf(read);
        if (existing is not null)
        {
            return existing.Digest == digest
                ? await FinishAsync(command.Upload, existing, cancellationToken)
                : await RefuseAsync(command.Upload, "exists", UploadManifest.ExistsReason(existing, digest), cancellationToken);
        }

        if (BaselineInstance.Is(read.Version))
        {
            return await RefuseAsync(command.Upload, "name", $"'{read.Version}' is what fresh instances of stable versions are called (ramp.freshBaseline); give the version another purpose.", cancellationToken);
        }

        if (!evaluator.SupportedFormats.Contains(read.Format))
        {
            return await RefuseAsync(
                command.Upload,
                "format",
                $"Nothing here can inspect or evaluate the format '{read.Format}'; supported: {string.Join(", ", evaluator.SupportedFormats.Order(StringComparer.Ordinal))}. A version that cannot be checked is not released.",
                cancellationToken);
        }

        return await uploads.CopyToModelsAsync(command.Upload, read, bytesVerified: null, cancellationToken) switch
        {
            CopyUpload.Copied => await EnterAsync(command.Upload, read, cancellationToken),
            CopyUpload.Mismatch mismatch => await DiscardAsync(context, command.Upload, "digest", mismatch.Reason, cancellationToken),
            CopyUpload.Changed changed => await DiscardAsync(context, command.Upload, "upload", $"{changed.Reason} Upload it again, the manifest last.", cancellationToken),
            _ => throw new InvalidOperationException("Unknown outcome of copying an upload."),
        };
    }

    private async Task<CommandResult> EnterAsync(UploadReference upload, Manifest manifest, CancellationToken cancellationToken)
    {
        var record = new VersionRecord
        {
            Manifest = manifest,
            Digest = ManifestWriter.DigestOf(manifest),
            Uploader = await uploads.FindUploaderAsync(manifest.Model, manifest.Version, cancellationToken),
            RegisteredAt = time.GetUtcNow(),
        };
        return await catalog.AddAsync(record, cancellationToken) switch
        {
            AddVersion.Added => await FinishAsync(upload, record, cancellationToken),
            AddVersion.AlreadyExists { Existing: var existing } when existing.Digest == record.Digest => await FinishAsync(upload, existing, cancellationToken),
            AddVersion.AlreadyExists { Existing: var existing } => await RefuseAsync(upload, "exists", UploadManifest.ExistsReason(existing, record.Digest), cancellationToken),
            _ => throw new InvalidOperationException("Unknown outcome of entering a version."),
        };
    }

    private async Task<CommandResult> FinishAsync(UploadReference upload, VersionRecord record, CancellationToken cancellationToken)
    {
        await uploads.DeleteIncomingAsync(upload, cancellationToken);
        return new CommandResult.Registered(record.Digest, record.Uploader);
    }

    private async Task<CommandResult> DiscardAsync(CommandContext context, UploadReference upload, string by, string reason, CancellationToken cancellationToken)
    {
        await uploads.DiscardCopyAsync(context.Model, context.Version, cancellationToken);
        return await RefuseAsync(upload, by, reason, cancellationToken);
    }

    private async Task<CommandResult> RefuseAsync(UploadReference upload, string by, string reason, CancellationToken cancellationToken)
    {
        await uploads.QuarantineAsync(upload, new Refusal { Upload = upload, By = by, Reason = reason, At = time.GetUtcNow() }, cancellationToken);
        return new CommandResult.Refused(by, reason);
    }
}
