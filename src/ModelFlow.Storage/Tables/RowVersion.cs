using System.Globalization;
using Azure;
using Azure.Data.Tables;

namespace ModelFlow.Storage.Tables;

/// <summary>
/// What a conditional write needs to know of the row it read, and the proof of what was written. The storage may apply a write and
/// lose the answer; the SDK then tries again and is refused by its own first try. So every write leaves a number of its own in the row,
/// together with those of the writes just before, and a refused writer reads back whether its number is there.
/// A fence (see <c>IReleaseStore.FenceAsync</c>) leaves its number in another property, so that reading back never lets a fenced writer on.
/// </summary>
/// <param name="ETag">The row's ETag.</param>
/// <param name="Writers">Numbers of the newest writes, newest first.</param>
/// <param name="Fence">The number of the newest fence; empty if none.</param>
internal sealed record RowVersion(string ETag, string Writers, string Fence)
{
    private const string WritersProperty = "writers";
    private const string FenceProperty = "fence";
    private const string Overtaken = "overtaken";
    private const int Remembered = 4;

    /// <summary>The version of a row as it was read.</summary>
    public static RowVersion Of(TableEntity row) => new(row.ETag.ToString(), row.GetString(WritersProperty) ?? "", row.GetString(FenceProperty) ?? "");

    /// <summary>A version that was given out as an opaque token.</summary>
    /// <exception cref="FormatException">It is no such token.</exception>
    public static RowVersion Parse(string token) => token.Split('\n') is [var etag, var writers, var fence]
        ? new RowVersion(etag, writers, fence)
        : throw new FormatException("The token was not given out by this store.");

    /// <summary>The version as an opaque token.</summary>
    public string Token => $"{ETag}\n{Writers}\n{Fence}";

    /// <summary>Whether nothing matches this version any more: a write on it need not be tried.</summary>
    public bool IsOvertaken => string.Equals(ETag, Overtaken, StringComparison.Ordinal);

    /// <summary>The ETag to make a write conditional on.</summary>
    public ETag Condition => new(ETag);

    /// <summary>A number for one write.</summary>
    public static string NewWriter() => Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture)[..16];

    /// <summary>Marks a row that replaces or changes the one of <paramref name="read"/> (null: a new one).</summary>
    public static void Sign(TableEntity row, RowVersion? read, string writer)
    {
        row[WritersProperty] = string.Join(' ', (read?.Writers ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries).Prepend(writer).Take(Remembered));
        row[FenceProperty] = read?.Fence ?? "";
    }

    /// <summary>Marks a row as fenced, in a merge.</summary>
    public static void SignFence(TableEntity row) => row[FenceProperty] = NewWriter();

    /// <summary>The version after a write that was answered.</summary>
    public static RowVersion After(TableEntity written, ETag etag) => new(etag.ToString(), written.GetString(WritersProperty) ?? "", written.GetString(FenceProperty) ?? "");

    /// <summary>
    /// What became of a write whose answer is in doubt, from the row as it is now: null if it did not take effect; a version that nothing
    /// matches any more if it did and was overtaken or fenced since.
    /// </summary>
    public static RowVersion? ReadBack(TableEntity? now, TableEntity written, string writer)
    {
        if (now is null || !(now.GetString(WritersProperty) ?? "").Split(' ').Contains(writer, StringComparer.Ordinal))
        {
            return null;
        }

        var version = Of(now);
        return version.Writers.StartsWith(writer, StringComparison.Ordinal) && string.Equals(version.Fence, written.GetString(FenceProperty), StringComparison.Ordinal)
            ? version
            : version with { ETag = Overtaken };
    }
}
