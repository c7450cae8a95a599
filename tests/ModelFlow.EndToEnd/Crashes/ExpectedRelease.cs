namespace ModelFlow.EndToEnd.Crashes;

/// <summary>A version to be released, and what has to come of it.</summary>
/// <param name="Model">The model.</param>
/// <param name="Version">Its name, also that of the sample it consists of.</param>
/// <param name="RefusedBy">What refuses it; null if it becomes stable.</param>
/// <param name="Ramps">Whether it gets there in steps: a model's first version does not.</param>
internal sealed record ExpectedRelease(string Model, string Version, string? RefusedBy, bool Ramps)
{
    /// <summary>The release's id.</summary>
    public string Id => $"{Model}-{Version}-1";

    /// <summary>How it ends.</summary>
    public string Outcome => RefusedBy is null ? "stable" : "rejected";

    /// <summary>A first version for each model, and a second one: four of ten are good, the others are refused in three different stages.</summary>
    public static IReadOnlyList<ExpectedRelease> Plan(int models)
    {
        (string Version, string? RefusedBy)[] seconds =
        [
            ("v1.1.0-mlp", null),
            ("v1.3.0-broken-labels", "gate"),
            ("v1.1.0-mlp", null),
            ("v1.5.0-nan", "smoke"),
            ("v1.6.0-truncated", "inspection"),
        ];
        return
        [
            .. Enumerable.Range(0, models).SelectMany(i =>
            {
                var model = $"digits-{(char)('a' + i)}";
                var (version, refusedBy) = seconds[i % seconds.Length];
                return new[] { new ExpectedRelease(model, "v1.0.0-base", null, Ramps: false), new ExpectedRelease(model, version, refusedBy, Ramps: refusedBy is null) };
            }),
        ];
    }
}
