using System.Data.Common;
using ModelFlow.Core.Evaluation.Rows;
using Sylvan.Data.Csv;

namespace ModelFlow.Evaluator.Data;

/// <summary>Reads data sets: CSV with a header (RFC 4180) and JSON Lines (one object a line), told apart by the ending of the name.</summary>
internal static class TableReader
{
    private const int MostRows = 50_000_000;
    private const int MostColumns = 100_000;

    /// <summary>Reads a file whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="texts">Columns that are kept as they are written: ids, labels, slices.</param>
    /// <exception cref="InvalidDataException">The file is no such data set; the message names line and column.</exception>
    public static Table Read(string path, IReadOnlySet<string> texts)
    {
        var ending = Path.GetExtension(path);
        var table = ending.Equals(".csv", StringComparison.OrdinalIgnoreCase) ? ReadCsv(path, texts)
            : ending.Equals(".jsonl", StringComparison.OrdinalIgnoreCase) || ending.Equals(".ndjson", StringComparison.OrdinalIgnoreCase) ? JsonLines.Read(File.ReadLines(path), texts, MostRows)
            : throw new InvalidDataException($"a data set's name ends with .csv or .jsonl, not '{ending}'");
        return table.Rows > 0 ? table : throw new InvalidDataException("it has no rows");
    }

    private static Table ReadCsv(string path, IReadOnlySet<string> texts)
    {
        try
        {
            using var reader = CsvDataReader.Create(path, new CsvDataReaderOptions { HeaderComparer = StringComparer.Ordinal, MaxBufferSize = 64 * 1024 * 1024 });
            if (reader.FieldCount is 0 or > MostColumns)
            {
                throw new InvalidDataException($"it has {reader.FieldCount} columns; 1 to {MostColumns} are allowed");
            }

            var columns = Enumerable.Range(0, reader.FieldCount).Select(reader.GetName).Select(n => new Column(n, texts.Contains(n))).ToList();
            if (columns.GroupBy(c => c.Name, StringComparer.Ordinal).FirstOrDefault(g => g.Count() > 1) is { } twice)
            {
                throw new InvalidDataException($"the column '{twice.Key}' is there twice");
            }

            var rows = 0;
            while (reader.Read())
            {
                if (reader.RowFieldCount != columns.Count)
                {
                    throw new InvalidDataException($"row {rows + 1} has {reader.RowFieldCount} fields, the header has {columns.Count}");
                }

                for (var i = 0; i < columns.Count; i++)
                {
                    columns[i].AddCell(reader.GetFieldSpan(i));
                }

                rows = Count(rows);
            }

            return new Table(rows, columns);
        }
        catch (DbException e)
        {
            throw new InvalidDataException($"it does not read as CSV: {e.Message}", e);
        }
        catch (FormatException e)
        {
            throw new InvalidDataException($"it does not read as CSV: {e.Message}", e);
        }
    }

    private static int Count(int rows) => rows < MostRows ? rows + 1 : throw new InvalidDataException($"it has more than {MostRows} rows");
}
