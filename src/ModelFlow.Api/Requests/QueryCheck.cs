using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using ModelFlow.Api.Problems;
using ModelFlow.Core;

namespace ModelFlow.Api.Requests;

/// <summary>Refuses query parameters that a route does not have: a misspelt filter must not silently show everything.</summary>
internal static class QueryCheck
{
    public static TBuilder RefuseUnknownQuery<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.AddEndpointFilterFactory((factory, next) =>
        {
            var known = factory.MethodInfo.GetParameters()
                .Where(p => p.ParameterType == typeof(string)).Select(p => p.Name!).ToHashSet(StringComparer.OrdinalIgnoreCase);
            return context =>
            {
                var query = context.HttpContext.Request.Query;
                var errors = query.Keys.Where(k => !known.Contains(k) || context.HttpContext.Request.RouteValues.ContainsKey(k))
                    .Select(k => new FieldError(k, "is not a parameter of this route; see docs/http-api.md or /openapi/v1.json."))
                    .Concat(query.Where(q => q.Value.Count > 1).Select(q => new FieldError(q.Key, "is given more than once.")))
                    .ToList();
                return errors.Count == 0 ? next(context) : ValueTask.FromResult<object?>(Problem.Invalid(errors));
            };
        });
}
