using ModelFlow.Core.Evaluation;
using ModelFlow.Core.Evaluation.Rows;
using ModelFlow.Evaluator.Onnx;

namespace ModelFlow.Evaluator.Data;

/// <summary>The rows of a data set with their true classes and the slices they belong to.</summary>
internal sealed class LabelledRows
{
    /// <summary>The column that names rows, if there is one.</summary>
    public const string Id = "id";

    public LabelledRows(Table table, JobSettings settings)
    {
        Table = table;
        var missing = settings.Slices.Prepend(settings.Label).FirstOrDefault(c => table.Find(c) is not { Width: 1 });
        if (missing is not null)
        {
            var there = string.Join(", ", table.Columns.Take(10).Select(c => $"'{c.Name}'"));
            Problem = $"has no column '{missing}' with one value a row; it has {there}{(table.Columns.Count > 10 ? ", …" : "")}";
            return;
        }

        var label = table.Find(settings.Label)!; // found above
        Labels = [.. Enumerable.Range(0, table.Rows).Select(r => ClassNames.Normal(label.Text(r)))];
        Classes = ClassNames.Sort(Labels.Distinct(StringComparer.Ordinal));
        ClassIndex = Classes.Select((name, index) => (name, index)).ToDictionary(c => c.name, c => c.index, StringComparer.Ordinal);
        Truth = [.. Labels.Select(l => ClassIndex[l])];
        Slices = [.. SlicesOf(settings.Label, Labels), .. settings.Slices.Where(s => !string.Equals(s, settings.Label, StringComparison.Ordinal)).SelectMany(SlicesIn)];
        if (Classes.Count > EvaluationReportReader.MostClasses)
        {
            Problem = $"has {Classes.Count} classes in the column '{settings.Label}'; at most {EvaluationReportReader.MostClasses} are compared";
        }
        else if (Slices.Count > EvaluationReportReader.MostClasses)
        {
            Problem = $"has {Slices.Count} slices with its classes; at most {EvaluationReportReader.MostClasses} are compared";
        }

        IEnumerable<Slice> SlicesIn(string column)
        {
            var values = table.Find(column)!; // found above
            return SlicesOf(column, [.. Enumerable.Range(0, table.Rows).Select(r => values.Text(r))]);
        }
    }

    public Table Table { get; }

    /// <summary>Why these rows cannot be used; null if they can, and only then is the rest set.</summary>
    public string? Problem { get; }

    public IReadOnlyList<string> Labels { get; } = [];

    public IReadOnlyList<string> Classes { get; } = [];

    public IReadOnlyDictionary<string, int> ClassIndex { get; } = new Dictionary<string, int>(StringComparer.Ordinal);

    /// <summary>The index of the true class, row by row.</summary>
    public int[] Truth { get; } = [];

    public IReadOnlyList<Slice> Slices { get; } = [];

    private static IEnumerable<Slice> SlicesOf(string column, IReadOnlyList<string> values) => values
        .Select((value, row) => (value, row))
        .GroupBy(v => v.value, v => v.row, StringComparer.Ordinal)
        .OrderBy(g => ClassNames.Sort([g.Key])[0], StringComparer.Ordinal)
        .Select(g => new Slice(column, g.Key, [.. g]));
}

/// <summary>The rows with one value in one column.</summary>
internal sealed record Slice(string Column, string Value, IReadOnlyList<int> Rows);
