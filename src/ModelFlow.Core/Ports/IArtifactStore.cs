using ModelFlow.Core.Catalog;
using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Ports;

/// <summary>The files of registered versions in the <c>models</c> container.</summary>
public interface IArtifactStore
{
    /// <summary>A grant to read one file, for <paramref name="validFor"/>.</summary>
    Task<Uri> GrantReadAsync(ModelName model, VersionName version, string path, TimeSpan validFor, CancellationToken cancellationToken);

    /// <summary>Moves every file of a version to a tier. From archive this starts a rehydration that may take hours.</summary>
    Task<SetTier> SetTierAsync(VersionRecord version, StorageTier tier, CancellationToken cancellationToken);

    /// <summary>Whether every file is readable, and its size and SHA-256 the manifest's.</summary>
    Task<VerifyFiles> VerifyAsync(VersionRecord version, IProgress<long>? bytesVerified, CancellationToken cancellationToken);

    /// <summary>Deletes the files of a version; the caller has checked that the policy says so.</summary>
    Task DeleteAsync(VersionRecord version, CancellationToken cancellationToken);
}

/// <summary>The outcome of moving a version to a tier.</summary>
public abstract record SetTier
{
    private SetTier()
    {
    }

    /// <summary>Done.</summary>
    public sealed record Moved : SetTier;

    /// <summary>Under way: the files can be read later.</summary>
    public sealed record Rehydrating : SetTier;

    /// <summary>A file is not there.</summary>
    public sealed record Missing(string Path) : SetTier;
}

/// <summary>The outcome of verifying a version's files.</summary>
public abstract record VerifyFiles
{
    private VerifyFiles()
    {
    }

    /// <summary>All as the manifest says.</summary>
    public sealed record Intact(long Bytes) : VerifyFiles;

    /// <summary>A file is missing or differs.</summary>
    public sealed record Damaged(string Path, string Reason) : VerifyFiles;

    /// <summary>A file is archived: restore it first.</summary>
    public sealed record Offline(string Path) : VerifyFiles;
}
