using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Audit;

/// <summary>The audit log.</summary>
internal static class AuditEndpoints
{
    public static void MapAudit(this RouteGroupBuilder api)
    {
        var audit = api.MapGroup("/audit/{scope}").WithTags("Audit");
        audit.MapGet("/", ReadAsync).Allow(Role.Reader).WithSummary("Changes outside any release, oldest first: of one model, or '_system'.");
        audit.MapGet("/verify", VerifyAsync).Allow(Role.Reader).WithSummary("Recomputes the chain of hashes.");
    }

    private static async Task<Ok<AuditPage>> ReadAsync(string scope, string? after, string? limit, IAuditLog audit, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var chain = Scope(fields, scope);
        var from = fields.Number("after", after, 0, 0, int.MaxValue);
        var most = fields.Limit(limit);
        fields.Check();
        var items = await audit.ReadAsync(chain, cancellationToken).SkipWhile(e => e.Seq <= from).Take(most).ToListAsync(cancellationToken);
        return TypedResults.Ok(new AuditPage(items, items.Count == 0 ? from : items[^1].Seq));
    }

    private static async Task<Ok<ChainCheck>> VerifyAsync(string scope, IAuditLog audit, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var chain = Scope(fields, scope);
        fields.Check();
        ChainedAuditEntry? last = null;
        var entries = 0;
        await foreach (var entry in audit.ReadAsync(chain, cancellationToken))
        {
            entries++;
            if (!AuditChain.Follows(last, entry))
            {
                return TypedResults.Ok(new ChainCheck(scope, entries, Intact: false, entries, $"Entry {entries} was changed, or does not follow the one before it."));
            }

            last = entry;
        }

        return TypedResults.Ok(new ChainCheck(scope, entries, Intact: true));
    }

    private static string Scope(Fields fields, string scope) =>
        string.Equals(scope, AuditScope.System, StringComparison.Ordinal) ? scope : AuditScope.Of(fields.Model("scope", scope));
}

/// <summary>Entries of one chain.</summary>
/// <param name="Items">Oldest first.</param>
/// <param name="Next">Ask with <c>after</c> = this for what comes after.</param>
public sealed record AuditPage(IReadOnlyList<ChainedAuditEntry> Items, int Next);

/// <summary>Whether a chain of hashes holds.</summary>
/// <param name="Scope">The chain.</param>
/// <param name="Entries">How many entries were read.</param>
/// <param name="Intact">Whether every one of them follows the one before.</param>
/// <param name="BrokenAt">The first that does not.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record ChainCheck(string Scope, int Entries, bool Intact, int? BrokenAt = null, string? Reason = null);
