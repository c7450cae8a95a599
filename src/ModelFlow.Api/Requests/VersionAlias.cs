using ModelFlow.Api.Problems;
using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Api.Requests;

/// <summary>The one alias of a version: <c>stable</c>. Only routes that read understand it.</summary>
internal static class VersionAlias
{
    private const string Stable = "stable";

    /// <summary>The version that <paramref name="text"/> names, or stands for now.</summary>
    public static async Task<VersionName> ResolveAsync(Fields fields, string path, string? text, ModelName model, IRouteStore routes, CancellationToken cancellationToken)
    {
        if (!string.Equals(text, Stable, StringComparison.Ordinal))
        {
            var version = fields.Version(path, text);
            fields.Check();
            return version;
        }

        fields.Check();
        return (await routes.GetAsync(model, cancellationToken))?.Route.Stable
            ?? throw new RequestRefusedException(Problem.NotFound($"'{model}' has no stable version yet.", "Name a version."));
    }
}
