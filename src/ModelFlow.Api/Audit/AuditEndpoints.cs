using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Audit;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Auditing;

namespace ModelFlow.Api.Audit;

/// <summary>The audit log. The routes of questions have fixed names beside <c>{scope}</c>: a model of such a name is <c>model:{name}</c>.</summary>
internal static class AuditEndpoints
{
    private const string ModelPrefix = "model:";

    public static void MapAudit(this RouteGroupBuilder api)
    {
        var audit = api.MapGroup("/audit").WithTags("Audit");
        audit.MapAuditQuestions();
        audit.MapErasures();
        audit.MapGet("/export", Export).Allow(Role.Reader).OverModelInQuery().Produces(StatusCodes.Status200OK, contentType: AuditStream.MediaType)
            .WithSummary("The whole record as JSON Lines, made to be verified without the host.");
        audit.MapGet("/keys", Keys).Allow(Role.Reader).OverNoModel().WithSummary("The public keys of anchors.");
        audit.MapGet("/{scope}", ReadAsync).Allow(Role.Reader).OverScopeInRoute().WithSummary("Changes outside any release, oldest first: of one model, or '_system'.");
        audit.MapGet("/{scope}/verify", VerifyAsync).Allow(Role.Reader).OverScopeInRoute().WithSummary("Recomputes the chain of hashes.");
    }

    private static AuditStream Export(string? model, string? scope, string? release, string? since, string? until, ExportAudit export)
    {
        var fields = new Fields();
        var selection = new AuditSelection
        {
            Model = fields.OptionalModel("model", model),
            Scope = scope is null ? null : Scope(fields, scope),
            Release = release is null ? null : fields.Release("release", release),
            Since = fields.OptionalTime("since", since),
            Until = fields.OptionalTime("until", until),
        };
        if (new[] { model, scope, release }.Count(p => p is not null) > 1)
        {
            fields.Add("model", "is given beside 'scope' or 'release': each of the three is a part of its own, send one.");
        }

        fields.Check();
        return new AuditStream(export, selection);
    }

    private static Ok<AnchorKeys> Keys(IAnchorSigner signer) => TypedResults.Ok(new AnchorKeys(
        signer.SigningKey,
        [.. signer.Keys.Select(k => new AnchorKeyItem(k.Id, Convert.ToBase64String(k.PublicKey.Span)))]));

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

    private static async Task<Ok<ChainCheck>> VerifyAsync(string scope, IAuditLog audit, RedactionArchive redactions, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var chain = Scope(fields, scope);
        fields.Check();
        var known = await redactions.FindKnownAsync(cancellationToken);
        ChainedAuditEntry? last = null;
        var entries = 0;
        await foreach (var entry in audit.ReadAsync(chain, cancellationToken))
        {
            entries++;
            var follows = AuditChain.Follows(last, entry)
                || (entry.Seq == entries && string.Equals(entry.PreviousHash, last?.Hash ?? "", StringComparison.Ordinal) && known.Covers(entry, chain));
            if (!follows)
            {
                return TypedResults.Ok(new ChainCheck(scope, entries, Intact: false, entries, $"Entry {entries} was changed, or does not follow the one before it."));
            }

            last = entry;
        }

        return TypedResults.Ok(new ChainCheck(scope, entries, Intact: true));
    }

    private static string Scope(Fields fields, string scope) => string.Equals(scope, AuditScope.System, StringComparison.Ordinal)
        ? scope
        : AuditScope.Of(fields.Model("scope", scope.StartsWith(ModelPrefix, StringComparison.Ordinal) ? scope[ModelPrefix.Length..] : scope));
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

/// <summary>The public keys of anchors.</summary>
/// <param name="Signing">The id of the one that signs now; null if none does.</param>
/// <param name="Keys">Every one that is trusted.</param>
public sealed record AnchorKeys(string? Signing, IReadOnlyList<AnchorKeyItem> Keys);

/// <summary>A public key.</summary>
/// <param name="Id">The first 16 hexadecimal digits of its SHA-256.</param>
/// <param name="PublicKey">Base64 of its SubjectPublicKeyInfo in DER form: what stands between BEGIN and END of a PEM file.</param>
public sealed record AnchorKeyItem(string Id, string PublicKey);
