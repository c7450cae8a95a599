using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelFlow.EndToEnd.Product;

namespace ModelFlow.EndToEnd.Crashes;

/// <summary>What is kept of a model, and what its clients got, held against what should have happened.</summary>
internal static class ModelRecord
{
    /// <summary>Reads what is kept of the model, and finds everything that is wrong with it.</summary>
    /// <param name="api">Where from.</param>
    /// <param name="model">The model.</param>
    /// <param name="releases">Its releases, in their order.</param>
    /// <param name="answers">What its clients got.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public static async Task<IReadOnlyList<string>> CheckAsync(PatientApi api, string model, IReadOnlyList<ExpectedRelease> releases, IReadOnlyList<Answer> answers, CancellationToken cancellationToken)
    {
        var wrong = new List<string>();
        var good = releases.Where(r => r.MayServe).Select(r => r.Version).ToHashSet(StringComparer.Ordinal);
        Check((string)(await api.GetAsync($"api/models/{model}", cancellationToken))["stable"]! == releases.Last(r => r.StaysStable).Version, "another version is stable");

        var routes = (await api.ListAsync($"api/models/{model}/route/history", cancellationToken)).OrderBy(r => (long)r["generation"]!).ToList();
        Check(routes.Select(r => (long)r["generation"]!).SequenceEqual(Enumerable.Range(1, routes.Count).Select(i => (long)i)), "generations are missing or doubled");
        Check((long)(await api.GetAsync($"api/models/{model}/route", cancellationToken))["route"]!["generation"]! == routes.Count, "the current route is not the newest");
        Check(routes.DistinctBy(r => (string)r["cause"]!).Count() == routes.Count, "one cause made two routes");
        var changes = string.Concat(routes.Select(r => $"{ChangeOf((string)r["cause"]!)} "));
        var pattern = string.Concat(releases.Select(r => r.RouteChanges));
        Check(Regex.IsMatch(changes, $"^{pattern}$", RegexOptions.ExplicitCapture, TimeSpan.FromSeconds(1)), $"its route was changed by '{changes}', expected '{pattern}'");
        Check(routes.All(r => VersionsOf(r).All(good.Contains)), "a route names a version that was refused");
        if (wrong.Count > 0)
        {
            wrong.Add(string.Join('\n', routes.Select(r => r.ToJsonString())));
        }

        var audit = string.Join(", ", (await api.AuditAsync(model, cancellationToken)).Select(e => $"{e["entry"]!["by"]} {e["entry"]!["action"]}"));
        Check(audit == (releases.Any(r => r.IsRolledBack) ? "operator rollback" : ""), $"its audit has '{audit}'");
        var registered = (await api.ListAsync($"api/models/{model}/versions", cancellationToken)).ToDictionary(v => (string)v["version"]!, v => (DateTimeOffset)v["registeredAt"]!, StringComparer.Ordinal);
        Check(registered.Keys.ToHashSet(StringComparer.Ordinal).SetEquals(releases.Select(r => r.Version)), $"registered are {string.Join(", ", registered.Keys)}");
        Check(answers.Any(a => a.Version is not null), "nothing was answered");
        wrong.AddRange(answers.Where(a => a.Problem is not null).Take(5).Select(a => $"{model}: {a.At:HH:mm:ss.fff} a request failed: {a.Problem}"));
        wrong.AddRange(answers.Where(a => a.Version is not null && !(good.Contains(a.Version) && registered.TryGetValue(a.Version, out var since) && since <= a.At))
            .Take(5).Select(a => $"{model}: {a.At:HH:mm:ss.fff} {a.Version} answered, which it must not"));
        return wrong;

        void Check(bool condition, string otherwise)
        {
            if (!condition)
            {
                wrong.Add($"{model}: {otherwise}");
            }
        }
    }

    private static IEnumerable<string> VersionsOf(JsonNode route) =>
        route["candidates"]!.AsArray().Select(c => (string)c!["version"]!).Append((string)route["stable"]!);

    // "digits-a-v1.1.0-mlp-1#step0@1" is a release's change, "rollback:…" an operator's.
    private static string ChangeOf(string cause) => cause.StartsWith("rollback:", StringComparison.Ordinal) ? "rollback" : cause.Split('#', '@')[1];
}
