using System.Buffers;
using System.IO.Pipelines;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Serialization;

namespace ModelFlow.Api.Requests;

/// <summary>A JSON body, read strictly: an unknown field, a field given twice, a wrong type or too many bytes refuse the request and name the field.</summary>
/// <typeparam name="T">The shape; every field is optional here, so that the endpoint can report all that are missing at once.</typeparam>
internal sealed class Body<T> : IEndpointParameterMetadataProvider
    where T : class, new()
{
    private Body(T value) => Value = value;

    /// <summary>What was sent; an empty one when there was no body.</summary>
    public T Value { get; }

    public static async ValueTask<Body<T>> BindAsync(HttpContext context)
    {
        var body = await ReadAsync(context);
        if (body.Value is IConcernsModels concerned)
        {
            BodyReach.Check(context, concerned);
        }

        return body;
    }

    private static async ValueTask<Body<T>> ReadAsync(HttpContext context)
    {
        var limit = (int?)context.GetEndpoint()?.Metadata.GetMetadata<BodyLimit>()?.Bytes ?? context.RequestServices.GetRequiredService<IOptions<ApiOptions>>().Value.MaxJsonBytes;
        var bytes = await BodyBytes.ReadAsync(context, limit);
        if (bytes.Length == 0)
        {
            return new Body<T>(new T());
        }

        if (!context.Request.HasJsonContentType())
        {
            throw new RequestRefusedException(Problem.UnsupportedMediaType("application/json"));
        }

        try
        {
            using var _ = JsonDocument.Parse(bytes, StrictJson.Documents);
        }
        catch (JsonException e)
        {
            throw new RequestRefusedException(Problem.Malformed($"The body is not JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}."));
        }

        try
        {
            return new Body<T>(JsonSerializer.Deserialize<T>(bytes.Span, StrictJson.Options)
                ?? throw new RequestRefusedException(Problem.Malformed("The body is 'null'; send a JSON object.")));
        }
        catch (JsonException e)
        {
            throw new RequestRefusedException(StrictJson.Explain(e));
        }
    }

    public static void PopulateMetadata(ParameterInfo parameter, EndpointBuilder builder) =>
        builder.Metadata.Add(new AcceptsMetadata(["application/json"], typeof(T), isOptional: true));
}

/// <summary>Holds bodies to the caller's roles, where it is they that name the models.</summary>
internal static class BodyReach
{
    /// <summary>Refuses the request if the caller's role does not reach the body's models.</summary>
    public static void Check(HttpContext context, IConcernsModels body)
    {
        if (context.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<AccessRule>() is not AccessRule.OfRole rule || Reach.Of(endpoint) is not Reach.ModelInBody)
        {
            return;
        }

        var concern = body.Models is { } models ? Reach.Parse(models) : ModelScope.All;
        if (!context.User.May(rule.Needed, concern))
        {
            throw new RequestRefusedException(Problem.Forbidden(context.User.Identity?.Name ?? "", rule.Needed, concern));
        }
    }
}

/// <summary>How bodies are read.</summary>
internal static class StrictJson
{
    private const int MaxDepth = 16;

    public static JsonSerializerOptions Options { get; } = Create();

    public static JsonDocumentOptions Documents { get; } = new() { MaxDepth = MaxDepth };

    /// <summary>A reader's error in words of the API, without names of types.</summary>
    public static Problem Explain(JsonException exception)
    {
        var field = exception.Path is { Length: > 2 } path ? path[2..] : "";
        if (exception.Message.Contains("could not be mapped to any .NET member", StringComparison.Ordinal))
        {
            return Problem.Invalid(field, "is not a field that this request has; check its spelling, or leave it out.");
        }

        if (exception.Message.Contains("Duplicate property", StringComparison.Ordinal))
        {
            return Problem.Invalid(field, "is given twice; leave one out.");
        }

        return field.Length > 0
            ? Problem.Invalid(field, "has a value of the wrong type or form; see the route in docs/http-api.md or /openapi/v1.json.")
            : Problem.Malformed("The body must be a JSON object.");
    }

    private static JsonSerializerOptions Create()
    {
        var options = new JsonSerializerOptions
        {
            UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
            AllowDuplicateProperties = false,
            MaxDepth = MaxDepth,
        };
        CoreJson.Configure(options);
        options.MakeReadOnly(populateMissingResolver: true);
        return options;
    }
}

/// <summary>Reads small bodies whole.</summary>
internal static class BodyBytes
{
    public static async ValueTask<ReadOnlyMemory<byte>> ReadAsync(HttpContext context, int limit)
    {
        if (context.Request.ContentLength > limit)
        {
            throw new RequestRefusedException(Problem.BodyTooLarge(limit));
        }

        var reader = context.Request.BodyReader;
        while (true)
        {
            var read = await ReadAsync(reader, context.RequestAborted);
            if (read.Buffer.Length > limit)
            {
                throw new RequestRefusedException(Problem.BodyTooLarge(limit));
            }

            if (read.IsCompleted)
            {
                var bytes = read.Buffer.ToArray();
                reader.AdvanceTo(read.Buffer.End);
                return bytes;
            }

            reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
        }
    }

    private static async ValueTask<ReadResult> ReadAsync(PipeReader reader, CancellationToken cancellationToken)
    {
        try
        {
            return await reader.ReadAsync(cancellationToken);
        }
        catch (IOException e) when (e is not BadHttpRequestException)
        {
            throw Unreadable();
        }
    }

    /// <summary>What the server says with an <see cref="IOException"/> of a body whose pieces do not fit together; it is not the storage that fails.</summary>
    public static RequestRefusedException Unreadable() => new(Problem.Malformed("The body could not be read to its end: its length or its pieces are not what was announced."));
}
