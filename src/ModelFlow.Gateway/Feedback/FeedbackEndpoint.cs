using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.Options;
using ModelFlow.Core.Traffic;
using ModelFlow.Gateway.Forwarding;
using ModelFlow.Gateway.Measuring;
using ModelFlow.Gateway.Routing;
using ModelFlow.Gateway.Telemetry;

namespace ModelFlow.Gateway.Feedback;

/// <summary>
/// Takes the marks that users give answers: <c>POST /models/{model}/feedback</c>. A mark counts for the version, generation and group
/// of keys that the answer's signed id names, and once per id: nobody can give a version marks for answers it did not give.
/// </summary>
internal sealed class FeedbackEndpoint(
    RouteBook book, GatewayClock clock, TrafficMeter meter, RequestIdSigner signer, Limits limits, GatewayMetrics metrics, IOptions<GatewayOptions> options)
{
    private const int MaxBodyBytes = 16 * 1024;
    private const int MaxCommentCharacters = 2_000;

    // Gateways that share a signing key need not have the same time to the second.
    private static readonly TimeSpan Skew = TimeSpan.FromMinutes(1);

    private readonly OnceOnly _once = new(options.Value.Feedback.Capacity, options.Value.Feedback.MaxAge + Skew);

    // What was given a mark before the start is not remembered, so answers of that time get none.
    private readonly DateTimeOffset _startedAt = clock.Now;

    /// <summary>Answers a mark of a client that may call.</summary>
    public async Task AnswerAsync(HttpContext context, LiveRoute route)
    {
        var (mark, problem) = await ReadAsync(context);
        problem = mark is null ? problem : Take(context, route, mark);
        if (problem != Problem.None)
        {
            metrics.FeedbackRefused(problem.Type);
        }

        await problem.WriteAsync(context);
    }

    private static async Task<(FeedbackBody? Mark, Problem Problem)> ReadAsync(HttpContext context)
    {
        var buffer = new byte[MaxBodyBytes + 1];
        var length = await context.Request.Body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, context.RequestAborted);
        if (length > MaxBodyBytes)
        {
            context.Response.Headers.Connection = "close";
            return (null, Problem.TooLarge(MaxBodyBytes));
        }

        try
        {
            var body = JsonSerializer.Deserialize(buffer.AsSpan(0, length), FeedbackJson.Default.FeedbackBody);
            return body switch
            {
                null or { RequestId: null } => (null, Problem.Invalid($"'requestId' is needed: the answer's {ForwardCall.RequestIdHeader}.")),
                { Score: not (>= 0 and <= 1) } => (null, Problem.Invalid("'score' is needed: a number from 0 to 1.")),
                { Comment.Length: > MaxCommentCharacters } => (null, Problem.Invalid($"'comment' may have {MaxCommentCharacters} characters.")),
                _ => (body, Problem.None),
            };
        }
        catch (JsonException e)
        {
            return (null, Problem.Invalid($"The body must be {{\"requestId\": \"…\", \"score\": 0 to 1}}: {e.Message}"));
        }
    }

    private Problem Take(HttpContext context, LiveRoute route, FeedbackBody mark)
    {
        var now = clock.Now;
        if (!signer.TryVerify(mark.RequestId, route.Route.Model, out var id) || id.At > now + Skew)
        {
            return Problem.NotFound($"'requestId' is not of an answer of '{route.Route.Model}' that this gateway gave.");
        }

        if (now - id.At > options.Value.Feedback.MaxAge)
        {
            return Problem.Gone($"The answer is older than {options.Value.Feedback.MaxAge}.");
        }

        if (id.At < _startedAt)
        {
            return Problem.Gone("The gateway was restarted since it gave that answer.");
        }

        if (book.CounterOf(route, id.Generation) is not { } counter || counter.VersionAt(id.Version) is not { } version)
        {
            return Problem.Gone($"Generation {id.Generation} of the route, which chose that answer's version, is too long ago.");
        }

        switch (_once.Take(id, now))
        {
            case Took.Known:
                return Problem.Conflict("That answer has its mark already.");
            case Took.Full:
                return limits.TooMuchFeedback(context);
        }

        meter.Add(new FeedbackMark(counter, version.Value, id.SubBucket, id.Kind, mark.Score!.Value) { Slice = id.Slice }); // Checked when it was read.
        return Problem.None;
    }
}

/// <summary>A mark as it is sent.</summary>
internal sealed record FeedbackBody(string? RequestId, double? Score, string? Comment);

/// <summary>Reads marks without reflection.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(FeedbackBody))]
internal sealed partial class FeedbackJson : JsonSerializerContext;
