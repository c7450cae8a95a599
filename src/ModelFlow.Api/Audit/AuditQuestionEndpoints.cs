using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Orchestration.Auditing;

namespace ModelFlow.Api.Audit;

/// <summary>Three questions of an auditor, each one request.</summary>
internal static class AuditQuestionEndpoints
{
    private static readonly TimeSpan UsualSpan = TimeSpan.FromDays(30);

    public static void MapAuditQuestions(this RouteGroupBuilder audit)
    {
        audit.MapGet("/live", LiveAsync).Allow(Role.Reader).OverModelInQuery().WithSummary("What was live at a time, and what made it so.");
        audit.MapGet("/approvals", ApprovalsAsync).Allow(Role.Reader).OverModelInQuery().WithSummary("Who approved or rejected a version, on what evidence.");
        audit.MapGet("/person", PersonAsync).Allow(Role.Reader).OverAllModels().WithSummary("Everything that an identity did, the last 30 days by default.");
    }

    private static async Task<Results<Ok<WasLive>, Problem>> LiveAsync(string? model, string? at, AuditQuestions questions, TimeProvider time, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        var then = fields.OptionalTime("at", at) ?? time.GetUtcNow();
        fields.Check();
        return await questions.LiveAsync(name, then, cancellationToken) is { } live
            ? TypedResults.Ok(live)
            : Problem.NotFound($"'{name}' had no route at {then:u}.", $"GET /api/models/{name}/route/history lists every route with its time.");
    }

    private static async Task<Results<Ok<ItemList<AttemptDecisions>>, Problem>> ApprovalsAsync(string? model, string? version, AuditQuestions questions, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var (name, wanted) = (fields.Model("model", model), fields.Version("version", version));
        fields.Check();
        var attempts = await questions.ApprovalsAsync(name, wanted, cancellationToken);
        return attempts.Count > 0
            ? TypedResults.Ok(new ItemList<AttemptDecisions>(attempts))
            : Problem.NotFound($"{wanted} of '{name}' was never released.", $"GET /api/releases?model={name} lists the model's releases.");
    }

    private static async Task<Ok<PersonsDeeds>> PersonAsync(
        string? name, string? since, string? until, string? limit, AuditQuestions questions, TimeProvider time, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var person = fields.Text("name", name, "the identity as it stands in the record, for example 'carol'");
        var end = fields.OptionalTime("until", until) ?? time.GetUtcNow();
        var start = fields.OptionalTime("since", since) ?? (end - DateTimeOffset.MinValue > UsualSpan ? end - UsualSpan : DateTimeOffset.MinValue);
        var most = fields.Limit(limit);
        if (start >= end)
        {
            fields.Add("since", "must be before 'until', which is now by default.");
        }

        fields.Check();
        return TypedResults.Ok(await questions.PersonAsync(person, start, end, most, cancellationToken));
    }
}
