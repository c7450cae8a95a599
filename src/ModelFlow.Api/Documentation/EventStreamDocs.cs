using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using ModelFlow.Api.Releases;

namespace ModelFlow.Api.Documentation;

/// <summary>What the route of events answers besides its list.</summary>
internal static class EventStreamDocs
{
    public static Task Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        operation.Parameters ??= [];
        operation.Parameters.Add(new OpenApiParameter
        {
            Name = StreamWish.LastEventIdHeader,
            In = ParameterLocation.Header,
            Description = "Of a stream: the id of the last event that the client has; goes before 'after'.",
            Schema = new OpenApiSchema { Type = JsonSchemaType.Integer },
        });
        operation.Responses ??= [];
        if (operation.Responses.TryGetValue("200", out var ok))
        {
            ok.Content?[EventStream.MediaType] = new OpenApiMediaType
            {
                Schema = new OpenApiSchema
                {
                    Type = JsonSchemaType.String,
                    Description = "Server-sent events: 'id' is an event's seq, 'event' its kind, 'data' the JSON of one item of the list. Asked for with 'Accept: text/event-stream'.",
                },
            };
        }

        operation.Responses["204"] = new OpenApiResponse { Description = "Asked for a stream: the release has ended and the client has its last event. Do not come again." };
        return Task.CompletedTask;
    }
}
