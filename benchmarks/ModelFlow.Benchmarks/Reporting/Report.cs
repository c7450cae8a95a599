using Spectre.Console;

namespace ModelFlow.Benchmarks.Reporting;

/// <summary>The one table: medians with their spread, and the targets.</summary>
internal sealed class Report
{
    private readonly Table _table = new Table().Border(TableBorder.Rounded).AddColumns("what", "ModelFlow", "compared with", "ratio", "target", "");

    /// <summary>Two series measured in turns.</summary>
    public void Compare(string what, Samples ours, string otherName, Samples other, string format, Target? target = null)
    {
        var ratio = ours.Per(other);
        Add(what, ours.Show(format), $"{otherName}: {other.Show(format)}", ratio.Show("0.00"), target, ratio.Median);
    }

    /// <summary>Several series measured in turns; the target is judged by the first of the others.</summary>
    public void Beside(string what, Samples ours, IReadOnlyList<(string Name, Samples Samples)> others, string format, Target? target = null)
    {
        var ratios = others.Select(o => (o.Name, Ratio: ours.Per(o.Samples))).ToList();
        Add(
            what,
            ours.Show(format),
            string.Join("; ", others.Select(o => $"{o.Name}: {o.Samples.Show(format)}")),
            string.Join("; ", ratios.Select(r => $"{r.Name}: {r.Ratio.Show("0.00")}")),
            target,
            ratios[0].Ratio.Median);
    }

    /// <summary>One series with nothing beside it.</summary>
    public void Measure(string what, string shown, Target? target = null, double judged = double.NaN) => Add(what, shown, "", "", target, judged);

    /// <summary>One series against a figure that was measured elsewhere.</summary>
    public void CompareWithFigure(string what, Samples ours, string otherName, double other, string format, Target? target = null)
    {
        var ratio = new Samples([.. ours.Values.Select(v => v / other)]);
        Add(what, ours.Show(format), $"{otherName}: {other.ToString(format)}", ratio.Show("0.00"), target, ratio.Median);
    }

    /// <summary>A benchmark that could not run here.</summary>
    public void LeftOut(string name, IEnumerable<string> missing) =>
        _table.AddRow(Markup.Escape(name), "not run", "", "", "", $"missing: {Markup.Escape(string.Join(", ", missing))}");

    /// <summary>Prints it.</summary>
    public void Print()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Interactive = InteractionSupport.No });
        if (!console.Profile.Out.IsTerminal)
        {
            console.Profile.Width = 200;
        }

        console.Write(_table);
    }

    private void Add(string what, string ours, string other, string ratio, Target? target, double judged)
    {
        string[] cells = [what, ours, other, ratio, target?.ToString() ?? "", target is null ? "" : target.IsMetBy(judged) ? "reached" : "NOT REACHED"];
        _table.AddRow([.. cells.Select(Markup.Escape)]);
        Console.Error.WriteLine($"  {string.Join(" | ", cells.Where(c => c.Length > 0))}");
    }
}

/// <summary>What a figure should be.</summary>
/// <param name="AtLeast">The smallest good value; null if smaller is better.</param>
/// <param name="AtMost">The largest good value; null if larger is better.</param>
internal sealed record Target(double? AtLeast = null, double? AtMost = null)
{
    /// <summary>Whether a value reaches it.</summary>
    public bool IsMetBy(double value) => (AtLeast is null || value >= AtLeast) && (AtMost is null || value <= AtMost);

    /// <inheritdoc/>
    public override string ToString() => AtLeast is { } least ? $"≥ {least:0.##}" : $"≤ {AtMost:0.##}";
}
