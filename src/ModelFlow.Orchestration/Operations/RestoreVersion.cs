using ModelFlow.Core.Audit;
using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Orchestration.Operations;

/// <summary>Brings a version's files back to the hot tier and verifies them.</summary>
public sealed class RestoreVersion(IVersionCatalog catalog, IArtifactStore artifacts, IAuditLog audit, TimeProvider time)
{
    /// <summary>Starts or goes on with a restore: called again until it is <see cref="RestoredVersion.Restored"/>.</summary>
    public async Task<RestoredVersion> RestoreAsync(ModelName model, VersionName version, string? reason, Requester requester, CancellationToken cancellationToken)
    {
        if (await catalog.GetAsync(model, version, cancellationToken) is not { } record)
        {
            return new RestoredVersion.NotRegistered();
        }

        if (record.Deleted)
        {
            return new RestoredVersion.Deleted();
        }

        if (record.Tier != StorageTier.Hot)
        {
            var why = string.IsNullOrEmpty(reason) ? "" : $": {reason}";
            await audit.AppendAsync(
                AuditScope.Of(model),
                new AuditEntry(requester.IdFor("restore", $"{model}/{version}"), time.GetUtcNow(), requester.By, "restore", version.Value, $"asked for {version} to be brought back from the {record.Tier.ToString().ToLowerInvariant()} tier{why}"),
                cancellationToken);
        }

        switch (await artifacts.SetTierAsync(record, StorageTier.Hot, cancellationToken))
        {
            case SetTier.Rehydrating:
                return new RestoredVersion.Rehydrating(record.Tier);
            case SetTier.Missing missing:
                return new RestoredVersion.Damaged(missing.Path, "the file is not there");
        }

        switch (await artifacts.VerifyAsync(record, bytesVerified: null, cancellationToken))
        {
            case VerifyFiles.Offline:
                return new RestoredVersion.Rehydrating(record.Tier);
            case VerifyFiles.Damaged damaged:
                return new RestoredVersion.Damaged(damaged.Path, damaged.Reason);
            case VerifyFiles.Intact intact:
                await catalog.UpdateAsync(model, version, v => v with { Tier = StorageTier.Hot, RestoredAt = v.Tier == StorageTier.Hot ? v.RestoredAt : time.GetUtcNow() }, cancellationToken);
                return new RestoredVersion.Restored(intact.Bytes);
            case var other:
                throw new InvalidOperationException($"Unknown outcome {other}.");
        }
    }
}

/// <summary>How far a restore is.</summary>
public abstract record RestoredVersion
{
    private RestoredVersion()
    {
    }

    /// <summary>Every file is readable and as the manifest says.</summary>
    public sealed record Restored(long BytesVerified) : RestoredVersion;

    /// <summary>The files are on their way from <paramref name="From"/>; ask again later.</summary>
    public sealed record Rehydrating(StorageTier From) : RestoredVersion;

    /// <summary>A file is missing or differs from the manifest.</summary>
    public sealed record Damaged(string Path, string Reason) : RestoredVersion;

    /// <summary>Retention deleted the files.</summary>
    public sealed record Deleted : RestoredVersion;

    /// <summary>There is no such version.</summary>
    public sealed record NotRegistered : RestoredVersion;
}
