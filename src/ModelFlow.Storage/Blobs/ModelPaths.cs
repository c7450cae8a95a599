using ModelFlow.Core.Manifests;
using ModelFlow.Core.Naming;

namespace ModelFlow.Storage.Blobs;

/// <summary>Where a version's files lie in <c>models</c>, and how one is compared with its manifest.</summary>
internal static class ModelPaths
{
    public static string Folder(ModelName model, VersionName version) => $"{model}/{version}/";

    public static string File(ModelName model, VersionName version, string path) => Folder(model, version) + path;

    public static string Manifest(ModelName model, VersionName version) => Folder(model, version) + IncomingPath.ManifestName;

    /// <summary>How what was read differs from what the manifest says; null if it does not.</summary>
    public static string? Difference(ManifestFile file, HashedBlob found) => found.Size == file.Size && found.Digest == file.Sha256
        ? null
        : $"{file.Path} has {found.Size:N0} bytes and the digest {found.Digest}; the manifest says {file.Size:N0} bytes and {file.Sha256}.";
}
