using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Lets somebody upload one version, and remembers who: the uploader cannot be the only approver.</summary>
public sealed class GrantUpload(IUploadStore uploads, IVersionCatalog catalog, IAuditLog audit, TimeProvider time)
{
    /// <summary>Grants the upload of one version for <paramref name="validFor"/>.</summary>
    /// <param name="model">The model.</param>
    /// <param name="version">The version.</param>
    /// <param name="files">The files' paths, as <see cref="IUploadStore.GrantUploadAsync"/> takes them.</param>
    /// <param name="validFor">How long the grant works.</param>
    /// <param name="takeOver">Whether a grant of another identity may be replaced. Otherwise an uploader could have a friend ask for the grant again and approve alone.</param>
    /// <param name="requester">Who asks.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    public async Task<UploadGrant> GrantAsync(
        ModelName model, VersionName version, IReadOnlyList<string> files, TimeSpan validFor, bool takeOver, Requester requester, CancellationToken cancellationToken)
    {
        if (await catalog.GetAsync(model, version, cancellationToken) is not null)
        {
            return new UploadGrant.AlreadyRegistered();
        }

        var uploader = await uploads.FindUploaderAsync(model, version, cancellationToken);
        if (uploader is not null && !takeOver && !string.Equals(uploader, requester.By, StringComparison.Ordinal))
        {
            return new UploadGrant.GrantedToAnother(uploader);
        }

        var now = time.GetUtcNow();
        await audit.AppendAsync(
            AuditScope.Of(model),
            new AuditEntry(requester.IdFor("uploadGranted", $"{model}/{version}"), now, requester.By, "uploadGranted", version.Value, $"may upload {model} {version}, {files.Count} file(s), until {now + validFor:u}"),
            cancellationToken);
        var addresses = await uploads.GrantUploadAsync(model, version, files, requester.By, validFor, cancellationToken);
        return new UploadGrant.Granted(addresses, now + validFor);
    }
}

/// <summary>The outcome of asking for an upload grant.</summary>
public abstract record UploadGrant
{
    private UploadGrant()
    {
    }

    /// <summary>The files may be put at these addresses.</summary>
    public sealed record Granted(UploadAddresses Addresses, DateTimeOffset ExpiresAt) : UploadGrant;

    /// <summary>The version is registered; its bytes never change.</summary>
    public sealed record AlreadyRegistered : UploadGrant;

    /// <summary>Somebody else is this version's uploader.</summary>
    public sealed record GrantedToAnother(string Uploader) : UploadGrant;
}
