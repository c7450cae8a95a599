using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Orchestration.Auditing;

/// <summary>
/// The whole record as JSON values, one a line in a file, made so that it can be verified without the host: keys and anchors first, then chain after chain, each from its oldest entry on.
/// A last line says how many there are, so that a file that was cut off shows it.
/// </summary>
public sealed class ExportAudit(IAuditLog audit, IReleaseStore releases, IReleaseIndex index, AnchorArchive anchors, RedactionArchive redactions, IAnchorSigner signer, TimeProvider time)
{
    private const int PageSize = 500;

    /// <summary>The version of the lines' shape.</summary>
    public const int Schema = 1;

    /// <summary>The lines.</summary>
    public async IAsyncEnumerable<JsonObject> ReadAsync(AuditSelection selection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(selection);
        var lines = 0;
        await foreach (var line in LinesAsync(selection, cancellationToken))
        {
            lines++;
            yield return line;
        }

        yield return new JsonObject { ["kind"] = "end", ["lines"] = lines };
    }

    private async IAsyncEnumerable<JsonObject> LinesAsync(AuditSelection selection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var header = new JsonObject { ["kind"] = "export", ["schema"] = Schema, ["at"] = JsonSerializer.SerializeToNode(time.GetUtcNow()) };
        foreach (var (name, value) in JsonSerializer.SerializeToNode(selection, CoreJson.Options)!.AsObject().ToList()) // An object never becomes null.
        {
            header[name] = value?.DeepClone();
        }

        yield return header;
        foreach (var key in signer.Keys)
        {
            yield return new JsonObject { ["kind"] = "key", ["id"] = key.Id, ["publicKey"] = Convert.ToBase64String(key.PublicKey.Span) };
        }

        // Before the chains: what is anchored was in them.
        var anchored = new HashSet<string>(StringComparer.Ordinal);
        await foreach (var text in anchors.ReadAllAsync(cancellationToken))
        {
            var line = Line("anchor", text);
            anchored.UnionWith((line["anchor"]?["heads"] as JsonArray ?? []).Select(h => (string?)h?["chain"]).OfType<string>());
            yield return line;
        }

        var hasRedactions = false;
        await foreach (var (path, text) in redactions.ReadAllAsync(cancellationToken))
        {
            hasRedactions = true;
            yield return new JsonObject { ["kind"] = "redactions", ["path"] = path, ["text"] = text };
        }

        var scopes = await audit.ListScopesAsync(cancellationToken).ToHashSetAsync(StringComparer.Ordinal, cancellationToken);
        scopes.UnionWith(anchored.Where(c => !c.StartsWith(AuditScope.ReleasePrefix, StringComparison.Ordinal)));
        foreach (var scope in scopes.Where(s => selection.Has(s) || (hasRedactions && s is AuditScope.System)).OrderBy(s => s is AuditScope.System ? 0 : 1).ThenBy(s => s, StringComparer.Ordinal))
        {
            await foreach (var entry in selection.Within(audit.ReadAsync(scope, cancellationToken), e => e.Entry.At, cancellationToken))
            {
                var line = JsonSerializer.SerializeToNode(entry, CoreJson.Options)!.AsObject(); // An object never becomes null.
                line.Insert(0, "chain", scope);
                line.Insert(0, "kind", "entry");
                yield return line;
            }
        }

        await foreach (var line in ReleasesAsync(selection, anchored, cancellationToken))
        {
            yield return line;
        }
    }

    private async IAsyncEnumerable<JsonObject> ReleasesAsync(AuditSelection selection, HashSet<string> anchored, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        // What the lists have lost is known from its anchors.
        var unlisted = anchored.Where(c => c.StartsWith(AuditScope.ReleasePrefix, StringComparison.Ordinal) && selection.Has(c)).ToHashSet(StringComparer.Ordinal);
        if (selection.Release is { } one)
        {
            unlisted = [AuditScope.Of(one)];
        }
        else if (selection.Scope is null)
        {
            string? continuation = null;
            do
            {
                var page = await index.ListAsync(selection.Model, PageSize, continuation, cancellationToken);
                foreach (var summary in page.Items)
                {
                    unlisted.Remove(AuditScope.Of(summary.Id));
                    if (!(summary.EndedAt < selection.Since) && !(summary.StartedAt >= selection.Until))
                    {
                        await foreach (var line in ReleaseAsync(summary.Id, selection, cancellationToken))
                        {
                            yield return line;
                        }
                    }
                }

                continuation = page.Continuation;
            }
            while (continuation is not null);
        }

        foreach (var chain in unlisted.Order(StringComparer.Ordinal))
        {
            await foreach (var line in ReleaseAsync(ReleaseId.Parse(chain[AuditScope.ReleasePrefix.Length..]), selection, cancellationToken))
            {
                yield return line;
            }
        }
    }

    private async IAsyncEnumerable<JsonObject> ReleaseAsync(ReleaseId id, AuditSelection selection, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var chain = AuditScope.Of(id);
        var state = (await releases.LoadAsync(id, cancellationToken))?.State;
        if (state is not null)
        {
            yield return new JsonObject { ["kind"] = "release", ["chain"] = chain, ["count"] = state.EventCount, ["hash"] = state.EventHash };
        }

        // Events that were saved since the state was read are left for the next time; without a state, what there is.
        await foreach (var happened in selection.Within(releases.ReadEventsAsync(id, 0, cancellationToken).TakeWhile(e => state is null || e.Seq <= state.EventCount), e => e.At, cancellationToken))
        {
            yield return new JsonObject { ["kind"] = "event", ["chain"] = chain, ["event"] = JsonSerializer.SerializeToNode(happened, CoreJson.Options) };
        }
    }

    private static JsonObject Line(string kind, string text)
    {
        try
        {
            if (JsonNode.Parse(text) is JsonObject read)
            {
                read.Insert(0, "kind", kind);
                return read;
            }
        }
        catch (JsonException)
        {
            // Somebody wrote over it: who verifies is told.
        }
        catch (ArgumentException)
        {
            // A member of this name is there already: neither is that an anchor.
        }

        return new JsonObject { ["kind"] = kind, ["unreadable"] = true };
    }
}
