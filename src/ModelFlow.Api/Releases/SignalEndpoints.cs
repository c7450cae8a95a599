using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Releases;

/// <summary>What people ask of a running release. Each is stored in the release's partition before it is answered; whether it counts is decided there.</summary>
internal static class SignalEndpoints
{
    public static void MapReleaseSignals(this RouteGroupBuilder api)
    {
        var release = api.MapGroup("/releases/{id}").WithTags("Releases");
        release.MapPost("/decisions", DecideAsync).Allow(Role.Approver).WithSummary("Approves, rejects, or takes an approval back.");
        Map(SignalKind.Pause, "pause", "No step forward until resumed; guards stay on.");
        Map(SignalKind.Resume, "resume", "Goes on after a pause.");
        Map(SignalKind.Promote, "promote", "Skips the rest of the ramp's waiting, or ends a shadow step, which the first weight follows; guards that already convicted stand.");
        Map(SignalKind.Abort, "abort", "Ends the release and gives its traffic back.");

        void Map(SignalKind kind, string name, string summary) => release.MapPost(
            $"/{name}",
            (string id, Body<SignalRequest> body, Caller caller, ReleaseSignals signals, IReleaseStore store, TimeProvider time, CancellationToken cancellationToken) =>
            {
                var fields = new Fields();
                return SendAsync(fields, id, kind, fields.OptionalText("comment", body.Value.Comment), body.Value.RequestId, caller, signals, store, time, cancellationToken);
            }).Allow(Role.Operator).WithSummary(summary);
    }

    private static Task<Results<Accepted<SignalAnswer>, Problem>> DecideAsync(
        string id, Body<DecisionRequest> body, Caller caller, ReleaseSignals signals, IReleaseStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var request = body.Value;
        var kind = SignalKind.Approve;
        string? comment;
        var evidence = fields.OptionalDigest("evidence", request.Evidence);
        switch (request.Decision)
        {
            case "approve":
                comment = fields.OptionalText("comment", request.Comment);
                break;
            case "reject":
                kind = SignalKind.Reject;
                comment = fields.Text("comment", request.Comment, "a rejection says why");
                break;
            case "withdraw":
                kind = SignalKind.Withdraw;
                comment = fields.OptionalText("comment", request.Comment);
                break;
            default:
                fields.Add("decision", "must be 'approve', 'reject' or 'withdraw'.");
                comment = fields.OptionalText("comment", request.Comment);
                break;
        }

        return SendAsync(fields, id, kind, comment, request.RequestId, caller, signals, store, time, cancellationToken, evidence);
    }

    private static async Task<Results<Accepted<SignalAnswer>, Problem>> SendAsync(
        Fields fields,
        string id,
        SignalKind kind,
        string? comment,
        string? requestId,
        Caller caller,
        ReleaseSignals signals,
        IReleaseStore store,
        TimeProvider time,
        CancellationToken cancellationToken,
        Sha256Digest? evidence = null)
    {
        var release = fields.Release("id", id);
        var requester = caller.Request(fields, requestId);
        fields.Check();
        if (await store.LoadAsync(release, cancellationToken) is not { State: var state })
        {
            return Problem.NoRelease(release);
        }

        if (evidence is { } seen && state.OpenRequest is { } request && seen != request.Evidence)
        {
            return Problem.Conflict(
                "evidence-changed", "Something else is asked now.", $"'{release}' asks about the evidence {request.Evidence}, not {seen}.", $"See what changed with GET /api/releases/{release}, then decide on that.");
        }

        var signal = new Signal
        {
            Id = requester.IdFor(System.Text.Json.JsonNamingPolicy.CamelCase.ConvertName(kind.ToString()), release.ToString()),
            Kind = kind,
            By = requester.By,
            Groups = caller.Groups,
            At = time.GetUtcNow(),
            Comment = comment,

            // An approval counts for what was seen, and no other; who does not say what they saw is taken to have seen what is asked now.
            Evidence = kind == SignalKind.Approve ? evidence ?? state.OpenRequest?.Evidence : null,
        };
        return await signals.SendAsync(release, signal, cancellationToken) switch
        {
            AddSignal.Added => Answer(repeated: false),
            AddSignal.AlreadyAdded => Answer(repeated: true),
            AddSignal.Over over => Problem.Over(release, over.Outcome),
            AddSignal.NotFound => Problem.NoRelease(release),
            var other => throw new InvalidOperationException($"Unknown outcome {other}."),
        };

        Accepted<SignalAnswer> Answer(bool repeated) =>
            TypedResults.Accepted($"/api/releases/{release}/events?after={state.EventCount}", new SignalAnswer(release, signal.Id, kind, repeated, state.EventCount));
    }
}
