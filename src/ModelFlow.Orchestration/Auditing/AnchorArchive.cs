using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Orchestration.Auditing;

/// <summary>The anchors that were made.</summary>
public sealed class AnchorArchive(IAuditArchive archive)
{
    /// <summary>Keeps an anchor; false if there is another of its number.</summary>
    public Task<bool> AddAsync(SignedAnchor anchor, CancellationToken cancellationToken) =>
        archive.AddAsync(PathOf(anchor.Anchor.Number), JsonSerializer.Serialize(anchor, CoreJson.Options), cancellationToken);

    /// <summary>The newest anchor; null if there is none.</summary>
    public async Task<SignedAnchor?> FindNewestAsync(CancellationToken cancellationToken)
    {
        var last = await archive.ListAsync(IAuditArchive.Anchors, cancellationToken).LastOrDefaultAsync(cancellationToken);
        return last is null ? null : await ReadAsync(last, cancellationToken);
    }

    /// <summary>Every anchor as it is kept, in the order of their numbers. One that cannot be read is an empty text: who verifies says so.</summary>
    public async IAsyncEnumerable<string> ReadAllAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var path in archive.ListAsync(IAuditArchive.Anchors, cancellationToken))
        {
            yield return await archive.FindAsync(path, cancellationToken) ?? "";
        }
    }

    private static string PathOf(int number) => string.Create(CultureInfo.InvariantCulture, $"{IAuditArchive.Anchors}{number:D10}.json");

    private async Task<SignedAnchor> ReadAsync(string path, CancellationToken cancellationToken)
    {
        var text = await archive.FindAsync(path, cancellationToken) ?? throw new StorageException($"The anchor {path} was listed and is not there.");
        try
        {
            return JsonSerializer.Deserialize<SignedAnchor>(text, CoreJson.Options) ?? throw new JsonException("it is null");
        }
        catch (JsonException e)
        {
            throw new StorageException($"The anchor {path} cannot be read: {e.Message}", e);
        }
    }
}
