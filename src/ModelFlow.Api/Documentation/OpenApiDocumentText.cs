using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using ModelFlow.Api.Access;

namespace ModelFlow.Api.Documentation;

/// <summary>The OpenAPI document as text, written once: everybody may ask for it, and writing it takes a tenth of a second of processor time.</summary>
internal sealed class OpenApiDocumentText([FromKeyedServices(OpenApiDocumentation.DocumentName)] IOpenApiDocumentProvider documents)
{
    private readonly Lock _gate = new();
    private Task<string>? _written;

    public static void Map(IEndpointRouteBuilder endpoints) => endpoints
        .MapGet("/openapi/v1.json", async (OpenApiDocumentText document) => Results.Text(await document.GetAsync(), "application/json"))
        .AllowEverybody().ExcludeFromDescription();

    private Task<string> GetAsync()
    {
        lock (_gate)
        {
            // A failure is not kept.
            return _written = _written is null or { IsFaulted: true } ? WriteAsync() : _written;
        }
    }

    private async Task<string> WriteAsync()
    {
        var document = await documents.GetOpenApiDocumentAsync(CancellationToken.None);
        return await document.SerializeAsJsonAsync(OpenApiSpecVersion.OpenApi3_1, CancellationToken.None);
    }
}
