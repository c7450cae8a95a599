using System.Data.Common;
using System.Globalization;
using System.Text.Json;
using Sylvan.Data.Csv;

namespace ModelFlow.Evaluator.Data;

/// <summary>Reads data sets: CSV with a header (RFC 4180) and JSON Lines (one object a line), told apart by the ending of the name.</summary>
internal static class TableReader
{
    private const int MostRows = 50_000_000;
    private const int MostColumns = 100_000;
    private const int DeepestArray = 8;

    /// <summary>Reads a file whole.</summary>
    /// <param name="path">The file.</param>
    /// <param name="texts">Columns that are kept as they are written: ids, labels, slices.</param>
    /// <exception cref="InvalidDataException">The file is no such data set; the message names line and column.</exception>
    public static Table Read(string path, IReadOnlySet<string> texts)
    {
        var ending = Path.GetExtension(path);
        var table = ending.Equals(".csv", StringComparison.OrdinalIgnoreCase) ? ReadCsv(path, texts)
            : ending.Equals(".jsonl", StringComparison.OrdinalIgnoreCase) || ending.Equals(".ndjson", StringComparison.OrdinalIgnoreCase) ? ReadJsonLines(path, texts)
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
                    var cell = reader.GetFieldSpan(i);
                    if (!columns[i].IsText && double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
                    {
                        columns[i].Add(number);
                    }
                    else
                    {
                        columns[i].Add(cell.ToString());
                    }
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

    private static Table ReadJsonLines(string path, IReadOnlySet<string> texts)
    {
        var columns = new List<Column>();
        var byName = new Dictionary<string, Column>(StringComparer.Ordinal);
        var rows = 0;
        var lineNumber = 0;
        foreach (var line in File.ReadLines(path))
        {
            lineNumber++;
            if (line.AsSpan().Trim().Length == 0)
            {
                continue;
            }

            try
            {
                using var document = JsonDocument.Parse(line);
                AddRow(document.RootElement, rows, columns, byName, texts);
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"line {lineNumber} is no JSON: {e.Message}", e);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"line {lineNumber}: {e.Message}", e);
            }

            rows = Count(rows);
        }

        return new Table(rows, columns);
    }

    private static void AddRow(JsonElement row, int index, List<Column> columns, Dictionary<string, Column> byName, IReadOnlySet<string> texts)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException("there is no JSON object");
        }

        var seen = 0;
        foreach (var field in row.EnumerateObject())
        {
            if (!byName.TryGetValue(field.Name, out var column))
            {
                if (index > 0)
                {
                    throw new InvalidDataException($"the field '{field.Name}' is not in the first row; every row has the same fields");
                }

                column = new Column(field.Name, texts.Contains(field.Name));
                byName.Add(field.Name, column);
                columns.Add(column);
            }

            var before = column.Elements;
            if (before != index * column.Width)
            {
                throw new InvalidDataException($"the field '{field.Name}' is there twice");
            }

            var shape = new List<int>();
            Flatten(field.Value, column, shape, 0, before);
            if (index == 0)
            {
                column.Width = column.Elements;
                column.Shape = shape;
            }
            else if (!column.Shape.SequenceEqual(shape))
            {
                throw new InvalidDataException($"the field '{field.Name}' has the shape [{string.Join(',', shape)}], in the first row it has [{string.Join(',', column.Shape)}]");
            }

            seen++;
        }

        if (seen != columns.Count)
        {
            throw new InvalidDataException("a field of the first row is missing; every row has the same fields");
        }
    }

    // Adds the leaves of nested arrays in row-major order; arrays of one level must be of one size.
    private static void Flatten(JsonElement value, Column column, List<int> shape, int depth, int rowStart)
    {
        if (value.ValueKind != JsonValueKind.Array && shape.Count != depth)
        {
            throw new InvalidDataException($"the arrays in the field '{column.Name}' are nested unevenly");
        }

        switch (value.ValueKind)
        {
            case JsonValueKind.Number when value.TryGetDouble(out var number) && !column.IsText:
                column.Add(number);
                break;
            case JsonValueKind.Number:
                column.Add(value.GetRawText());
                break;
            case JsonValueKind.String:
                column.Add(value.GetString() ?? "");
                break;
            case JsonValueKind.True or JsonValueKind.False when column.IsText:
                column.Add(value.GetRawText());
                break;
            case JsonValueKind.True or JsonValueKind.False:
                column.Add(value.GetBoolean() ? 1 : 0);
                break;
            case JsonValueKind.Array when depth < DeepestArray:
                var size = value.GetArrayLength();
                if (size == 0)
                {
                    throw new InvalidDataException($"the field '{column.Name}' is an empty array");
                }

                if (shape.Count > depth && shape[depth] != size)
                {
                    throw new InvalidDataException($"the arrays in the field '{column.Name}' are of different sizes");
                }

                if (shape.Count == depth)
                {
                    if (column.Elements > rowStart)
                    {
                        throw new InvalidDataException($"the arrays in the field '{column.Name}' are nested unevenly");
                    }

                    shape.Add(size);
                }

                foreach (var item in value.EnumerateArray())
                {
                    Flatten(item, column, shape, depth + 1, rowStart);
                }

                break;
            case JsonValueKind.Array:
                throw new InvalidDataException($"the field '{column.Name}' has arrays nested deeper than {DeepestArray}");
            default:
                // Objects and null are no input; they may still stand beside one.
                column.Add(value.GetRawText());
                break;
        }
    }

    private static int Count(int rows) => rows < MostRows ? rows + 1 : throw new InvalidDataException($"it has more than {MostRows} rows");
}
