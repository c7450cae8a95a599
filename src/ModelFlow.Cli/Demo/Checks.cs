using ModelFlow.Cli.Output;

namespace ModelFlow.Cli.Demo;

/// <summary>What was expected and what was observed.</summary>
internal sealed class Checks
{
    private readonly List<(string What, string Expected, string Observed, bool Holds)> _rows = [];

    public bool AllAsExpected => _rows.Count > 0 && _rows.TrueForAll(r => r.Holds);

    public void Add(string what, string expected, string observed, bool holds) => _rows.Add((what, expected, observed, holds));

    public void Equal(string what, string expected, string observed) => Add(what, expected, observed, string.Equals(expected, observed, StringComparison.Ordinal));

    public void Write(Screen screen)
    {
        screen.Line();
        screen.Table(
            ["", "what", "expected", "observed"],
            _rows.Select(r => new Cell[] { new(r.Holds ? "ok" : "NOT SO", r.Holds ? Tone.Good : Tone.Bad), r.What, r.Expected, r.Observed }),
            empty: "Nothing was checked.");
        var wrong = _rows.Count(r => !r.Holds);
        screen.Line();
        screen.Line(
            wrong == 0 ? $"All {_rows.Count} as expected." : $"{wrong} of {_rows.Count} not as expected.",
            wrong == 0 ? Tone.Good : Tone.Bad);
    }
}
