namespace ModelFlow.Core.Ports;

/// <summary>The container <c>audit</c>: small documents that are written once and never again. Where the storage can, it refuses to change or delete them.</summary>
public interface IAuditArchive
{
    /// <summary>Where anchors are: <c>anchors/{number, ten digits}.json</c>.</summary>
    const string Anchors = "anchors/";

    /// <summary>Where lists of redacted entries are: <c>redactions/{id}.json</c>.</summary>
    const string Redactions = "redactions/";

    /// <summary>Keeps a document. The same bytes again are no error; false if others are there, which stay.</summary>
    Task<bool> AddAsync(string path, string text, CancellationToken cancellationToken);

    /// <summary>A document; null if there is none.</summary>
    Task<string?> FindAsync(string path, CancellationToken cancellationToken);

    /// <summary>Paths that begin with <paramref name="prefix"/>, in ordinal order.</summary>
    IAsyncEnumerable<string> ListAsync(string prefix, CancellationToken cancellationToken);
}
