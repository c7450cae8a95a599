using System.Text.Json;

namespace ModelFlow.Core.Evaluation.Rows;

/// <summary>Reads rows in JSON Lines (https://jsonlines.org): one object a line, each with the fields of the first.</summary>
public static class JsonLines
{
    private const int DeepestArray = 8;

    /// <summary>Reads the lines; empty ones are left out.</summary>
    /// <param name="lines">The lines.</param>
    /// <param name="texts">Fields that are kept as they are written: ids, labels, slices.</param>
    /// <param name="mostRows">More rows are an error.</param>
    /// <exception cref="InvalidDataException">They are no such rows; the message names the line.</exception>
    public static Table Read(IEnumerable<string> lines, IReadOnlySet<string> texts, int mostRows)
    {
        ArgumentNullException.ThrowIfNull(lines);
        ArgumentNullException.ThrowIfNull(texts);
        var columns = new List<Column>();
        var byName = new Dictionary<string, Column>(StringComparer.Ordinal);
        var rows = 0;
        var lineNumber = 0;
        foreach (var line in lines)
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

            rows = rows < mostRows ? rows + 1 : throw new InvalidDataException($"it has more than {mostRows} rows");
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
}
