using Azure;
using Azure.Data.Tables;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Releases;

/// <summary>
/// The rows of the lists of releases: one partition of the table <c>Lists</c>, so that entering a release is one batch.
/// <c>all:{newest first}:{release}</c> and <c>model:{model}:{newest first}:{release}</c> are read as pages,
/// <c>attempt:{model}:{version}:{highest first}</c> finds a version's newest attempt, <c>run:{release}</c> says what is running.
/// </summary>
internal static class ReleaseListRows
{
    public const string Partition = "releases";
    public const string RunPrefix = "run:";
    public const string AllPrefix = "all:";

    private const string ModelsPrefix = "model:";
    private const string AttemptsPrefix = "attempt:";

    public static string SortKey(ReleaseSummary summary) => $"{Keys.Falling(summary.StartedAt)}:{summary.Id}";

    public static string ModelPrefix(ModelName model) => $"{ModelsPrefix}{model}:";

    public static string AttemptPrefix(ModelName model, VersionName version) => $"{AttemptsPrefix}{model}:{version}:";

    public static string AttemptKey(ReleaseId id) => AttemptPrefix(id.Model, id.Version) + Keys.Falling(id.Attempt);

    public static string RunKey(ReleaseId id) => RunPrefix + id;

    /// <summary>Whether a key is of a row that holds a summary.</summary>
    public static bool HasSummary(string key) =>
        key.StartsWith(AllPrefix, StringComparison.Ordinal) || key.StartsWith(ModelsPrefix, StringComparison.Ordinal) || key.StartsWith(AttemptsPrefix, StringComparison.Ordinal);

    /// <summary>Every row that a release has.</summary>
    public static IEnumerable<TableEntity> All(ReleaseSummary summary)
    {
        if (summary.Outcome is null)
        {
            yield return new TableEntity(Partition, RunKey(summary.Id));
        }

        yield return Row(AttemptKey(summary.Id), summary);
        yield return Row(AllPrefix + SortKey(summary), summary);
        yield return Row(ModelPrefix(summary.Id.Model) + SortKey(summary), summary);
    }

    /// <summary>The rows that stand at a place given by the time of its start.</summary>
    public static IEnumerable<TableEntity> Sorted(ReleaseSummary summary)
    {
        yield return new TableEntity(Partition, AllPrefix + SortKey(summary));
        yield return new TableEntity(Partition, ModelPrefix(summary.Id.Model) + SortKey(summary));
    }

    public static TableTransactionAction Upsert(TableEntity row) => new(TableTransactionActionType.UpsertReplace, row);

    public static TableTransactionAction Delete(string key, ETag etag) => new(TableTransactionActionType.Delete, new TableEntity(Partition, key), etag);

    public static TableTransactionAction DeleteRunning(ReleaseId id) => Delete(RunKey(id), ETag.All);

    private static TableEntity Row(string key, ReleaseSummary summary) => Documents.Summary.Write(new TableEntity(Partition, key), summary);
}
