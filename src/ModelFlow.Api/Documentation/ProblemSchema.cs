using Microsoft.OpenApi;

namespace ModelFlow.Api.Documentation;

/// <summary>The shape of every error.</summary>
internal static class ProblemSchema
{
    public const string Name = "Problem";

    public static OpenApiSchema Create() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "RFC 9457 problem details.",
        Required = new HashSet<string>(StringComparer.Ordinal) { "type", "title", "status", "detail", "remedy" },
        Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal)
        {
            ["type"] = Text("urn:modelflow:problem:…, stable and made for programs."),
            ["title"] = Text("What kind of problem it is."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer },
            ["detail"] = Text("What is wrong this time."),
            ["remedy"] = Text("What the caller can do."),
            ["traceId"] = Text("Where the host's log has more."),
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Array,
                Description = "Every field to blame.",
                Items = new OpenApiSchema
                {
                    Type = JsonSchemaType.Object,
                    Properties = new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal) { ["path"] = Text("The field."), ["message"] = Text("What is wrong with it and the remedy.") },
                },
            },
        },
    };

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
}
