using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Requests;
using ModelFlow.Core.Naming;
using ModelFlow.Orchestration.Operations;

namespace ModelFlow.Api.Uploads;

/// <summary>Data sets for smoke tests and evaluations.</summary>
internal static partial class DatasetEndpoints
{
    private const int MostPathCharacters = 200;

    public static void MapDatasets(this RouteGroupBuilder api, ApiOptions options) =>
        api.MapPut("/datasets/{**path}", AddAsync).Allow(Role.Uploader).OverAllModels().WithTags("Data sets")
            .WithMetadata(new BodyLimit(options.MaxDatasetBytes))
            .WithSummary("Adds a data set (.csv or .jsonl), streamed; a path keeps its bytes for good.");

    private static async Task<Results<Ok<DatasetAnswer>, Problem>> AddAsync(
        string path, Caller caller, HttpContext context, AddDataset datasets, IOptions<ApiOptions> options, CancellationToken cancellationToken)
    {
        var fields = new Fields();
        if (path.Length > MostPathCharacters || !PathShape().IsMatch(path))
        {
            fields.Add("path", $"must be folder/name.csv or folder/name.jsonl, at most {MostPathCharacters} characters: segments of letters, digits, '.', '-' and '_' that begin with a letter or digit.");
        }

        var requester = caller.Request(fields);
        fields.Check();
        var limit = options.Value.MaxDatasetBytes;
        if (context.Request.ContentLength > limit)
        {
            return Problem.BodyTooLarge(limit);
        }

        await using var content = new LimitedStream(context.Request.Body, limit);
        return await datasets.AddAsync(path, content, requester, cancellationToken) is { } digest
            ? TypedResults.Ok(new DatasetAnswer(path, digest))
            : Problem.Conflict("dataset-exists", "Other bytes lie there.", $"The data set {path} exists with other bytes; it keeps them for good.", "Use another path, for example with a number in its name.");
    }

    [GeneratedRegex(@"^([A-Za-z0-9][A-Za-z0-9._-]*/)+[A-Za-z0-9][A-Za-z0-9._-]*\.(csv|jsonl)\z", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex PathShape();
}

/// <summary>A data set that is there.</summary>
/// <param name="Path">Its path.</param>
/// <param name="Sha256">Its digest: what a policy pins.</param>
public sealed record DatasetAnswer(string Path, Sha256Digest Sha256);
