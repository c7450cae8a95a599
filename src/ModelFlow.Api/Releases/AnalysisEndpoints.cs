using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Analysis.Series;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Releases;
using ModelFlow.Orchestration.Analysis;

namespace ModelFlow.Api.Releases;

/// <summary>The live analysis of a release over time.</summary>
internal static class AnalysisEndpoints
{
    public static void MapReleaseAnalysis(this RouteGroupBuilder api) =>
        api.MapGet("/releases/{id}/analysis", GetAsync).Allow(Role.Reader).WithTags("Releases")
            .WithSummary("The looks at live traffic over time, for charts: each step and metric with estimates, intervals, evidence, verdicts and the false-alarm budget.");

    private static async Task<Results<Ok<ReleaseAnalysis>, Problem>> GetAsync(string id, string? points, AnalyzeRelease analyze, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        var release = fields.Release("id", id);
        var most = fields.Number("points", points, SeriesBuilder.UsualPoints, SeriesBuilder.LeastPoints, SeriesBuilder.MostPoints);
        fields.Check();
        return await analyze.RunAsync(release, most, cancellationToken) is { } analyzed
            ? TypedResults.Ok(ReleaseAnalysis.Of(analyzed))
            : Problem.NoRelease(release);
    }
}

/// <summary>The live analysis of a release over time.</summary>
public sealed record ReleaseAnalysis
{
    /// <summary>The release.</summary>
    public required ReleaseId Release { get; init; }

    /// <summary>The model.</summary>
    public required ModelName Model { get; init; }

    /// <summary>The version.</summary>
    public required VersionName Version { get; init; }

    /// <summary>Which attempt it is, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>The stable version that it was compared with.</summary>
    public VersionName? Baseline { get; init; }

    /// <summary>The stage it is in.</summary>
    public required string Stage { get; init; }

    /// <summary>How it ended; absent while it runs.</summary>
    public Outcome? Outcome { get; init; }

    /// <summary>The policy that it runs under.</summary>
    public required Sha256Digest Policy { get; init; }

    /// <summary>The looks, by step and metric.</summary>
    public required AnalysisSeries Series { get; init; }

    internal static ReleaseAnalysis Of(AnalyzedRelease analyzed) => new()
    {
        Release = analyzed.State.Id,
        Model = analyzed.State.Id.Model,
        Version = analyzed.State.Id.Version,
        Attempt = analyzed.State.Id.Attempt,
        Baseline = analyzed.State.Baseline,
        Stage = analyzed.State.Stage.Name,
        Outcome = analyzed.State.Outcome,
        Policy = analyzed.State.PolicyDigest,
        Series = analyzed.Series,
    };
}
