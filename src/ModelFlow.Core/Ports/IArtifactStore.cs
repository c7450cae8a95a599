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

    /// <summary>Deletes the files of a version; the caller has checked that the policy says so. None of them where one has a legal hold.</summary>
    Task<DeleteFiles> DeleteAsync(VersionRecord version, CancellationToken cancellationToken);
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

/// <summary>The outcome of deleting a version's files.</summary>
public abstract record DeleteFiles
{
    private DeleteFiles()
    {
    }

    /// <summary>None of them is there any more.</summary>
    public sealed record Deleted : DeleteFiles;

    /// <summary>A file has a legal hold.</summary>
    /// <param name="Path">The file.</param>
    /// <param name="SomeDeleted">Whether files before it were deleted: the hold was set meanwhile.</param>
    public sealed record Held(string Path, bool SomeDeleted) : DeleteFiles;
}
