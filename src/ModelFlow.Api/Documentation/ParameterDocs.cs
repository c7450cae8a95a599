using Microsoft.OpenApi;
using ModelFlow.Api.Catalog;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Analysis.Series;
using ModelFlow.Orchestration.Analysis;

namespace ModelFlow.Api.Documentation;

/// <summary>What parameters mean. Handlers take them as text, to name the field in an error; their true shape is here.</summary>
internal static class ParameterDocs
{
    private static readonly Dictionary<string, (JsonSchemaType Type, string Description)> Known = new(StringComparer.Ordinal)
    {
        ["model"] = (JsonSchemaType.String, "The model."),
        ["version"] = (JsonSchemaType.String, "The version; where a GET takes it, 'stable' stands for the stable one."),
        ["id"] = (JsonSchemaType.String, "The release, for example digits-v1.2.0-mlp-1."),
        ["name"] = (JsonSchemaType.String, "The name."),
        ["scope"] = (JsonSchemaType.String, "A freeze's scope, or an audit chain: a model, model:NAME or _system."),
        ["digest"] = (JsonSchemaType.String, "A SHA-256 digest."),
        ["path"] = (JsonSchemaType.String, "folder/name.csv or folder/name.jsonl."),
        ["generation"] = (JsonSchemaType.Integer, "A route's generation, from 1."),
        ["a"] = (JsonSchemaType.String, "The first version, or 'stable'."),
        ["b"] = (JsonSchemaType.String, "The second version, or 'stable'."),
        ["at"] = (JsonSchemaType.String, "A time with its offset, for example 2026-11-23T10:42:00Z."),
        ["after"] = (JsonSchemaType.Integer, "Only what comes after this number; 0 by default."),
        ["wait"] = (JsonSchemaType.String, "How long to hold the answer for something new, for example 20s; at most 30s."),
        ["limit"] = (JsonSchemaType.Integer, $"The most items, 1 to {Fields.MostItems}; 50 by default."),
        ["continuation"] = (JsonSchemaType.String, "From the page before."),
        ["running"] = (JsonSchemaType.Boolean, "Only the running ones."),
        ["points"] = (JsonSchemaType.Integer, $"The most looks to show, {SeriesBuilder.LeastPoints} to {SeriesBuilder.MostPoints}; {SeriesBuilder.UsualPoints} by default."),
        ["predictions"] = (JsonSchemaType.Integer, $"The most predictions that flipped to list, 0 to {VersionEndpoints.MostPredictions}; {VersionEndpoints.UsualPredictions} by default."),
        ["releases"] = (JsonSchemaType.Integer, $"The most releases to play, 1 to {TestPolicy.MostReleases}; 10 by default."),
        ["since"] = (JsonSchemaType.String, "Of a policy's test: only releases that started within this time, for example 30d. Of the audit: from this time on, with its offset."),
        ["until"] = (JsonSchemaType.String, "To before this time, with its offset."),
        ["release"] = (JsonSchemaType.String, "One release."),
        ["faults"] = (JsonSchemaType.String, $"What to inject: up to {TestPolicy.MostFaults} of latency+50%, errors+5pp, quality-10pp, slice+10%, with commas between; 'none' for nothing."),
        ["seed"] = (JsonSchemaType.Integer, "Where randomness comes from; 1 by default."),
        ["reason"] = (JsonSchemaType.String, "Why."),
    };

    public static void Describe(OpenApiParameter parameter)
    {
        if (parameter.Name is { } name && Known.TryGetValue(name, out var known))
        {
            parameter.Description ??= known.Description;
            parameter.Schema = new OpenApiSchema { Type = known.Type };
        }
    }

    public static OpenApiParameter IdempotencyKey() => new()
    {
        Name = "Idempotency-Key",
        In = ParameterLocation.Header,
        Description = "The request's id: 1 to 64 letters, digits, '-', '_' or '.'. The same request with the same id has its effect once.",
        Schema = new OpenApiSchema { Type = JsonSchemaType.String },
    };
}
