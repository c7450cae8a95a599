using System.Text.Json.Nodes;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;
using ModelFlow.Api.Sessions;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Api.Documentation;

/// <summary>The OpenAPI document: roles, errors, parameters and the domain's names as text.</summary>
internal static class OpenApiDocumentation
{
    public const string DocumentName = "v1";

    private const string Scheme = "bearer";
    private const string CookieScheme = "session";

    public static void AddModelFlowOpenApi(this IServiceCollection services) => services.AddSingleton<OpenApiDocumentText>().AddOpenApi(DocumentName, options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "ModelFlow",
                Version = "v1",
                Description = "Releases of model versions: registration, evaluation, approval, gray ramp, rollback. Every error is problem details (RFC 9457). See docs/http-api.md.",
            };
            document.Components ??= new OpenApiComponents();
            document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>(StringComparer.Ordinal);
            document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "mf_…",
                Description = "A token from POST /api/tokens.",
            };
            document.Components.SecuritySchemes[CookieScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.ApiKey,
                In = ParameterLocation.Cookie,
                Name = SessionCookie.Name,
                Description = $"A browser's session, from POST /api/session. Other methods than GET and HEAD need the header '{Forgery.Header}: 1' with it.",
            };
            document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>(StringComparer.Ordinal);
            document.Components.Schemas[ProblemSchema.Name] = ProblemSchema.Create();
            return Task.CompletedTask;
        });
        options.AddOperationTransformer(DescribeOperation);
        options.AddSchemaTransformer(DescribeValue);
    });

    private static Task DescribeOperation(OpenApiOperation operation, OpenApiOperationTransformerContext context, CancellationToken cancellationToken)
    {
        var rule = context.Description.ActionDescriptor.EndpointMetadata.OfType<AccessRule>().Single();
        if (rule is not AccessRule.Everybody)
        {
            operation.Security = [.. new[] { Scheme, CookieScheme }.Select(s => new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(s, context.Document)] = [] })];
        }

        operation.Description = rule switch
        {
            AccessRule.Everybody => "Open to everybody.",
            AccessRule.OfRole { Needed: var role } => $"Role: {role.ToText()}.",
            _ => "Any valid token.",
        };
        operation.Extensions ??= new Dictionary<string, IOpenApiExtension>(StringComparer.Ordinal);
        operation.Extensions["x-modelflow-role"] = new JsonNodeExtension(JsonValue.Create(rule switch
        {
            AccessRule.Everybody => "everybody",
            AccessRule.OfRole { Needed: var role } => role.ToText(),
            _ => "any token",
        }));
        if (rule is AccessRule.OfRole)
        {
            operation.Extensions["x-modelflow-models"] = new JsonNodeExtension(JsonValue.Create(NamedIn(context.Description.ActionDescriptor.EndpointMetadata.OfType<Reach>().SingleOrDefault(), context.Description.RelativePath ?? "")));
        }

        operation.Responses ??= [];
        operation.Responses["default"] = new OpenApiResponse
        {
            Description = "An error, as problem details.",
            Content = new Dictionary<string, OpenApiMediaType>(StringComparer.Ordinal)
            {
                [Problem.MediaType] = new OpenApiMediaType { Schema = new OpenApiSchemaReference(ProblemSchema.Name, context.Document) },
            },
        };
        foreach (var parameter in (operation.Parameters ?? []).OfType<OpenApiParameter>())
        {
            ParameterDocs.Describe(parameter);
        }

        if (context.Description.HttpMethod is "POST" or "PUT" or "DELETE")
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(ParameterDocs.IdempotencyKey());
        }

        return Task.CompletedTask;
    }

    // Where a request names the models that a role must reach.
    private static string NamedIn(Reach? said, string path) => said switch
    {
        Reach.AllModels => "all",
        Reach.NoModel => "none",
        Reach.Filtered => "filtered",
        Reach.ModelInBody => "body",
        Reach.ModelInQuery => "query",
        Reach.ScopeInRoute => "{scope}",
        _ => path.Contains("{model}", StringComparison.Ordinal) ? "{model}" : "{id}",
    };

    // Types with their own JSON converter have no shape of their own in the exporter.
    private static Task DescribeValue(OpenApiSchema schema, OpenApiSchemaTransformerContext context, CancellationToken cancellationToken)
    {
        var type = Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type;
        var (kind, example, description) = type switch
        {
            _ when type == typeof(ModelName) => (JsonSchemaType.String, "digits", "A model's name: a lower-case DNS label of at most 40 characters."),
            _ when type == typeof(VersionName) => (JsonSchemaType.String, "v1.2.0-mlp", "A version: 'v', a semantic version, and an optional purpose."),
            _ when type == typeof(ReleaseId) => (JsonSchemaType.String, "digits-v1.2.0-mlp-1", "A release: model, version and attempt."),
            _ when type == typeof(Sha256Digest) => (JsonSchemaType.String, "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", "A SHA-256 digest."),
            _ when type == typeof(Weight) => (JsonSchemaType.Integer, null, "A share of traffic in basis points, 0 to 10000."),
            _ when type == typeof(TimeSpan) => (JsonSchemaType.String, "00:05:00", "A duration, [d.]hh:mm:ss[.fffffff]."),
            _ when type == typeof(LogHistogram) => (JsonSchemaType.Object, null, "A histogram."),
            _ => (default(JsonSchemaType), (string?)null, ""),
        };
        if (kind != default)
        {
            schema.Type = kind;
            schema.Pattern = null;
            schema.Description ??= description;
            schema.Examples = example is null ? null : [JsonValue.Create(example)];
        }

        return Task.CompletedTask;
    }
}
