using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core;
using ModelFlow.Core.Backtesting;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Policies;
using ModelFlow.Core.Ports;
using ModelFlow.Orchestration.Analysis;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Policies;

/// <summary>Policies: checking, setting, reading.</summary>
internal static class PolicyEndpoints
{
    private const int UsualReleases = 10;

    public static void MapPolicies(this RouteGroupBuilder api)
    {
        api.MapPost("/policies/check", CheckAsync).Allow(Role.Reader).OverNoModel().WithTags("Policies").WithSummary("Says everything that is wrong with a policy; changes nothing.");
        api.MapPost("/policies/test", TestAsync).Allow(Role.Reader).OverModelInQuery().WithTags("Policies")
            .WithSummary("Plays the recorded traffic of past releases under a policy, with and without injected faults; changes nothing.");
        api.MapGet("/policies/{digest}", GetAsync).Allow(Role.Reader).OverNoModel().WithTags("Policies").WithSummary("A policy by its digest.");
        api.MapGet("/policies/default", GetDefaultAsync).Allow(Role.Reader).OverNoModel().WithTags("Policies").WithSummary("The policy of all models without their own.");
        api.MapPut("/policies/default", SetDefaultAsync).Allow(Role.Admin).OverAllModels().WithTags("Policies").WithSummary("Sets the policy of all models without their own.");
        api.MapGet("/models/{model}/policy", GetForModelAsync).Allow(Role.Reader).WithTags("Policies").WithSummary("The policy that a new release of the model starts under.");
        api.MapPut("/models/{model}/policy", SetForModelAsync).Allow(Role.Admin).WithTags("Policies").WithSummary("Sets the model's own policy; running releases keep theirs.");
    }

    private static async Task<Ok<PolicyAnswer>> CheckAsync(YamlBody body, SetPolicy policies, CancellationToken cancellationToken) =>
        TypedResults.Ok(PolicyAnswer.Of(await policies.CheckAsync(body.Text, cancellationToken)));

    private static async Task<Results<Ok<BacktestReport>, Problem>> TestAsync(
        string? model, string? releases, string? since, string? faults, string? seed, YamlBody body, SetPolicy check, TestPolicy test, TimeProvider time, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var request = new PolicyTestRequest(
            fields.OptionalModel("model", model),
            fields.Number("releases", releases, UsualReleases, 1, TestPolicy.MostReleases),
            fields.OptionalDuration("since", since, TimeSpan.FromMinutes(1), TimeSpan.FromDays(365)) is { } ago ? time.GetUtcNow() - ago : null,
            FaultsOf(fields, faults),
            fields.Number("seed", seed, 1, 0, int.MaxValue).ToString(CultureInfo.InvariantCulture));
        fields.Check();
        var read = await check.CheckAsync(body.Text, cancellationToken);
        return read is { Policy: { } policy, Digest: { } digest }
            ? TypedResults.Ok(await test.RunAsync(policy, digest, request, cancellationToken))
            : Problem.Invalid(read.Errors);
    }

    private static IReadOnlyList<Fault> FaultsOf(Fields fields, string? text)
    {
        if (text is null or "none")
        {
            return text is null ? Fault.Usual : [];
        }

        var (found, texts) = (new List<Fault>(), text.Split(',', StringSplitOptions.TrimEntries));
        if (texts.Length > TestPolicy.MostFaults)
        {
            fields.Add("faults", $"has {texts.Length} faults; at most {TestPolicy.MostFaults} are allowed.");
            return [];
        }

        foreach (var one in texts)
        {
            if (Fault.TryParse(one, out var fault, out var error))
            {
                found.Add(fault);
            }
            else
            {
                fields.Add("faults", error);
            }
        }

        return [.. found.Distinct()];
    }

    private static Task<Results<Ok<PolicyAnswer>, Problem>> SetDefaultAsync(YamlBody body, Caller caller, SetPolicy policies, CancellationToken cancellationToken) =>
        SetAsync(new Fields(), model: null, body, caller, policies, cancellationToken);

    private static Task<Results<Ok<PolicyAnswer>, Problem>> SetForModelAsync(string model, YamlBody body, Caller caller, SetPolicy policies, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        return SetAsync(fields, fields.Model("model", model), body, caller, policies, cancellationToken);
    }

    private static async Task<Results<Ok<PolicyAnswer>, Problem>> SetAsync(Fields fields, ModelName? model, YamlBody body, Caller caller, SetPolicy policies, CancellationToken cancellationToken)
    {
        var requester = caller.Request(fields);
        fields.Check();
        var check = await policies.SetAsync(model, body.Text, requester, cancellationToken);
        return check.Policy is null ? Problem.Invalid(check.Errors) : TypedResults.Ok(PolicyAnswer.Of(check));
    }

    private static async Task<Results<Ok<StoredPolicy>, Problem>> GetAsync(string digest, IPolicyStore policies, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var which = fields.Digest("digest", digest);
        fields.Check();
        return await policies.GetAsync(which, cancellationToken) is { } yaml
            ? TypedResults.Ok(new StoredPolicy(which, yaml))
            : Problem.NotFound($"There is no policy {which}.", "A release names the policy it runs under; GET /api/models/MODEL/policy has the current one.");
    }

    private static async Task<Results<Ok<StoredPolicy>, Problem>> GetDefaultAsync(IPolicyStore policies, CancellationToken cancellationToken) =>
        await policies.FindDefaultAsync(cancellationToken) is { } policy
            ? TypedResults.Ok(policy)
            : Problem.NotFound("There is no default policy.", "Set one with PUT /api/policies/default.");

    private static async Task<Results<Ok<StoredPolicy>, Problem>> GetForModelAsync(string model, IPolicyStore policies, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var name = fields.Model("model", model);
        fields.Check();
        return await policies.FindForAsync(name, cancellationToken) is { } policy
            ? TypedResults.Ok(policy)
            : Problem.NotFound($"Neither '{name}' nor the default has a policy.", $"Set one with PUT /api/models/{name}/policy or PUT /api/policies/default.");
    }
}

/// <summary>What is to be said of a policy.</summary>
/// <param name="Valid">Whether releases could run under it.</param>
/// <param name="Digest">The digest of its bytes.</param>
/// <param name="Policy">As read, with defaults.</param>
/// <param name="Errors">Every mistake.</param>
/// <param name="Warnings">What it needs that is not there yet.</param>
/// <param name="Experiments">How many outcomes its experiments need.</param>
public sealed record PolicyAnswer(
    bool Valid, Sha256Digest? Digest, Policy? Policy, IReadOnlyList<FieldError> Errors, IReadOnlyList<FieldError> Warnings, IReadOnlyList<PlannedExperiment> Experiments)
{
    internal static PolicyAnswer Of(PolicyCheck check) => new(check.Policy is not null, check.Digest, check.Policy, check.Errors, check.Warnings, check.Experiments);
}
