using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using Azure.Data.Tables;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;
using ModelFlow.Storage.Releases;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Operations;

/// <summary>
/// Names in the documents of all rows, whatever their kind: what a newer part keeps is found as well. Not looked at are traffic windows, which hold counts, and manifests, which are named by
/// their digest.
/// </summary>
internal sealed class TableRecordedNames(StorageClients clients) : IRecordedNames
{
    private const int MaxTries = 20;
    private const string Manifest = "manifest";
    private const string AuditEntryFrom = "entry:";

    private static readonly string[] Tables = [.. StorageNames.Tables.Where(t => t is not StorageNames.TrafficWindowsTable)];

    public async IAsyncEnumerable<NamedRow> FindAsync(string name, string placeholder, ISet<string> running, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        foreach (var table in Tables)
        {
            // The state is a partition's last row: what is found of a release waits for it.
            var waiting = new List<NamedRow>();
            await foreach (var row in clients.Table(table).QueryAsync(null, cancellationToken))
            {
                var isState = table is StorageNames.ReleasesTable && row.RowKey is ReleaseRows.StateKey;
                if (Examine(table, row, name, placeholder) is { } found)
                {
                    waiting.Add(found);
                }

                if (isState && waiting.Exists(w => string.Equals(w.Partition, row.PartitionKey, StringComparison.Ordinal)) && string.IsNullOrEmpty(row.GetString(ReleaseRows.OutcomeProperty)))
                {
                    running.Add(row.PartitionKey);
                    waiting.RemoveAll(w => string.Equals(w.Partition, row.PartitionKey, StringComparison.Ordinal));
                }

                if (isState || table is not StorageNames.ReleasesTable)
                {
                    foreach (var ready in waiting)
                    {
                        yield return ready;
                    }

                    waiting.Clear();
                }
            }
        }
    }

    public async Task RewriteAsync(NamedRow row, string name, string placeholder, CancellationToken cancellationToken)
    {
        var table = clients.Table(row.Table);
        for (var tries = 0; tries < MaxTries; tries++)
        {
            if (await table.FindAsync(row.Partition, row.Row, cancellationToken) is not { } stored || Examine(row.Table, stored, name, placeholder) is not { } found)
            {
                return;
            }

            if (!found.IsDeleted)
            {
                Rewrite(row.Table, stored, name, placeholder);
            }

            var action = found.IsDeleted ? TableTransactionActionType.Delete : TableTransactionActionType.UpdateReplace;
            switch (await table.WriteAsync([new(action, stored, stored.ETag)], cancellationToken))
            {
                case TableWrite.Applied:
                    return;
                case TableWrite.Uncertain uncertain when tries > 0:
                    throw uncertain.Error;
            }
        }

        throw new StorageException($"The row {row.Partition}/{row.Row} of {row.Table} is written by too many at a time.") { IsTransient = true };
    }

    private static NamedRow? Examine(string table, TableEntity row, string name, string placeholder)
    {
        // A quick look at the text first: few rows have the name.
        var documents = RowText.Documents(row).Select(d => (Name: d, Text: RowText.Read(row, d))).Where(d => d.Text.Contains(name, StringComparison.Ordinal)).ToList();
        if (documents.Count == 0)
        {
            return null;
        }

        RedactedEntry? redacted = null;
        RedactedEntry? now = null;
        var count = documents.Sum(d => Change(d.Name, d.Text, name, placeholder).Count);
        if (count > 0 && IsAuditEntry(table, row))
        {
            var entry = Documents.AuditEntry.Read(row);
            var after = entry with { Entry = Redactions.Redact(entry.Entry, name, placeholder, out _) };
            redacted = new RedactedEntry(Keys.Unescape(row.PartitionKey), entry.Seq, entry.Hash, Redactions.HashOf(after));
            now = redacted with { Redacted = Redactions.HashOf(entry) };
        }
        else if (count > 0 && IsEvent(table, row))
        {
            var happened = Documents.Event.Read(row);
            var after = Redactions.Redact(happened, name, placeholder, out _);
            redacted = new RedactedEntry(AuditScope.Of(ReleaseId.Parse(row.PartitionKey)), happened.Seq, happened.Hash, ReleaseEvents.HashOf(after));
            now = redacted with { Redacted = ReleaseEvents.HashOf(happened) };
        }

        return count == 0 ? null : new NamedRow(table, row.PartitionKey, row.RowKey, count)
        {
            Redacted = redacted,
            Now = now,
            IsDeleted = IsSignal(table, row) || IsOwn(table, row, name),
            IsSignIn = table is StorageNames.TokensTable,
        };
    }

    private static void Rewrite(string table, TableEntity row, string name, string placeholder)
    {
        if (table is StorageNames.AuditTable && RowText.Documents(row) is ["entry"])
        {
            var entry = Documents.AuditEntry.Read(row);
            Documents.AuditEntry.Write(row, entry with { Entry = Redactions.Redact(entry.Entry, name, placeholder, out _) });
            return;
        }

        if (IsEvent(table, row))
        {
            Documents.Event.Write(row, Redactions.Redact(Documents.Event.Read(row), name, placeholder, out _));
            return;
        }

        foreach (var document in RowText.Documents(row))
        {
            var (text, count) = Change(document, RowText.Read(row, document), name, placeholder);
            if (count > 0)
            {
                RowText.Write(row, document, text);
            }
        }
    }

    private static (string Text, int Count) Change(string document, string text, string name, string placeholder)
    {
        var node = JsonNode.Parse(text);
        var manifest = string.Equals(document, "version", StringComparison.Ordinal) && node is JsonObject ? node[Manifest]?.DeepClone() : null;
        if (manifest is not null)
        {
            node!.AsObject().Remove(Manifest);
        }

        var (changed, count) = NameRedaction.Replace(node, name, placeholder);
        if (manifest is not null)
        {
            changed![Manifest] = manifest;
        }

        return (count == 0 ? text : changed!.ToJsonString(CoreJson.Options), count); // What has a text is not null.
    }

    // A token or a person of this name: there the name is in the key, too.
    private static bool IsOwn(string table, TableEntity row, string name) => table is StorageNames.TokensTable && RowText.Documents(row) switch
    {
        ["token"] => string.Equals(Documents.Token.Read(row).Name, name, StringComparison.Ordinal),
        ["person"] => string.Equals(Documents.Person.Read(row).Name, name, StringComparison.Ordinal),
        _ => false,
    };

    private static bool IsAuditEntry(string table, TableEntity row) => table is StorageNames.AuditTable && row.RowKey.StartsWith(AuditEntryFrom, StringComparison.Ordinal);

    private static bool IsEvent(string table, TableEntity row) => table is StorageNames.ReleasesTable && row.RowKey.StartsWith(ReleaseRows.EventFrom, StringComparison.Ordinal);

    private static bool IsSignal(string table, TableEntity row) => table is StorageNames.ReleasesTable && row.RowKey.StartsWith(ReleaseRows.LoadFrom, StringComparison.Ordinal);
}
