using ModelFlow.Evaluator.Data;
using Parquet;
using Parquet.Schema;

namespace ModelFlow.Evaluator.Modes;

/// <summary>
/// Writes every row's answers as Parquet, for whoever wants to look closer: <c>row</c>, <c>id</c>, <c>label</c>, one <c>slice_…</c> a
/// slice column, and for each version <c>…_answer</c>, <c>…_correct</c>, <c>…_confidence</c> and <c>…_score_0</c> onwards.
/// </summary>
internal static class PredictionsFile
{
    private const int RowGroup = 100_000;
    private const int MostScores = 100;

    public static async Task WriteAsync(string path, LabelledRows rows, Contestant candidate, Contestant? baseline)
    {
        var columns = new List<ColumnWriter>
        {
            ColumnWriter.Of("row", i => (long)i),
            ColumnWriter.OfText("label", i => rows.Labels[i]),
        };
        if (rows.Table.Find(LabelledRows.Id) is { Width: 1 } id)
        {
            columns.Insert(1, ColumnWriter.OfText("id", i => id.Text(i)));
        }

        foreach (var column in rows.Slices.Select(s => s.Column).Distinct(StringComparer.Ordinal).Skip(1))
        {
            var values = rows.Table.Find(column)!; // every slice has a column
            columns.Add(ColumnWriter.OfText($"slice_{column}", i => values.Text(i)));
        }

        AddAnswers(columns, "candidate", rows, candidate);
        if (baseline is not null)
        {
            AddAnswers(columns, "baseline", rows, baseline);
        }

        await using var file = File.Create(path);
        await using var writer = await ParquetWriter.CreateAsync(new ParquetSchema(columns.Select(c => c.Field).ToArray<Field>()), file);
        for (var start = 0; start < rows.Truth.Length; start += RowGroup)
        {
            var count = Math.Min(RowGroup, rows.Truth.Length - start);
            using var group = writer.CreateRowGroup();
            foreach (var column in columns)
            {
                await column.Write(group, start, count);
            }
        }
    }

    private static void AddAnswers(List<ColumnWriter> columns, string who, LabelledRows rows, Contestant contestant)
    {
        columns.Add(ColumnWriter.OfText($"{who}_answer", i => contestant.Answered[i]));
        columns.Add(ColumnWriter.Of($"{who}_correct", i => contestant.Answers[i] == rows.Truth[i]));
        if (contestant is { Confidence: { } confidence, Scores: { } scores })
        {
            columns.Add(ColumnWriter.Of($"{who}_confidence", i => confidence[i]));
            for (var k = 0; k < Math.Min(contestant.ScoreWidth, MostScores); k++)
            {
                var score = k;
                columns.Add(ColumnWriter.Of($"{who}_score_{k}", i => scores[((long)i * contestant.ScoreWidth) + score]));
            }
        }
    }

    private sealed record ColumnWriter(DataField Field, Func<ParquetRowGroupWriter, int, int, Task> Write)
    {
        public static ColumnWriter Of<T>(string name, Func<int, T> value)
            where T : struct
        {
            var field = new DataField<T>(name);
            return new ColumnWriter(field, async (group, start, count) =>
            {
                T[] values = [.. Enumerable.Range(start, count).Select(value)];
                await group.WriteAsync<T>(field, values.AsMemory());
            });
        }

        public static ColumnWriter OfText(string name, Func<int, string> value)
        {
            var field = new DataField<string>(name, nullable: false);
            return new ColumnWriter(field, async (group, start, count) =>
            {
                string[] values = [.. Enumerable.Range(start, count).Select(value)];
                await group.WriteAsync(field, values);
            });
        }
    }
}
