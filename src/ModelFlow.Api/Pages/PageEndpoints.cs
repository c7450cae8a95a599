using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using ModelFlow.Api.Access;
using ModelFlow.Api.Problems;

namespace ModelFlow.Api.Pages;

/// <summary>The web page: what it shows it asks the API for, as whoever is signed in. Its files hold nothing that is secret.</summary>
internal static class PageEndpoints
{
    private static readonly string[] Methods = [HttpMethods.Get, HttpMethods.Head];

    public static void MapPage(this IEndpointRouteBuilder endpoints)
    {
        endpoints.MapMethods("/", Methods, DocumentAsync).AllowEverybody().ExcludeFromDescription();
        endpoints.MapMethods("/page/{build}/{**file}", Methods, FileAsync).AllowEverybody().ExcludeFromDescription();
    }

    private static Task DocumentAsync(HttpContext context)
    {
        SecurityHeaders.SetForPage(context.Response.Headers);
        return Files(context).Document.SendAsync(context, forGood: false);
    }

    private static Task FileAsync(HttpContext context)
    {
        var files = Files(context);
        if (context.Request.RouteValues["file"] is not string path || files.Find(path) is not { } file)
        {
            return Problem.NotFound($"The page has no file {context.Request.Path}.", "Load the page again: it may have changed.").ExecuteAsync(context);
        }

        // Another build's page gets this build's file, which is better than none while hosts are being replaced, and keeps it for itself.
        SecurityHeaders.SetForPage(context.Response.Headers);
        return file.SendAsync(context, forGood: string.Equals((string?)context.Request.RouteValues["build"], files.Build, StringComparison.Ordinal));
    }

    private static PageFiles Files(HttpContext context) => context.RequestServices.GetRequiredService<PageFiles>();
}
