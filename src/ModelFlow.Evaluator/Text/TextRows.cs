using System.Text;
using System.Text.Json;
using ModelFlow.Core.Evaluation;

namespace ModelFlow.Evaluator.Text;

/// <summary>The rows of a data set for language models, by kind. One file may hold all three: a row's fields say what it is.</summary>
internal sealed class TextRows
{
    private const int MostRows = EvaluationReportReader.MostSamples;
    private const int LongestText = 1_000_000;
    private const int MostOptions = 26;
    private const int LongestValue = 1_000;

    private TextRows()
    {
    }

    /// <summary>Rows with a <c>text</c>.</summary>
    public List<Passage> Passages { get; } = [];

    /// <summary>Rows with a <c>context</c>, <c>options</c> and the label.</summary>
    public List<Question> Questions { get; } = [];

    /// <summary>Rows with a <c>prompt</c>.</summary>
    public List<string> Prompts { get; } = [];

    public int Count => Passages.Count + Questions.Count + Prompts.Count;

    /// <summary>Reads a file.</summary>
    /// <param name="path">JSON Lines.</param>
    /// <param name="label">The field with the index of the right option.</param>
    /// <param name="slices">Fields whose values name slices.</param>
    /// <exception cref="InvalidDataException">It is no such data set; the message names the line.</exception>
    public static TextRows Read(string path, string label, IReadOnlyList<string> slices)
    {
        if (!Path.GetExtension(path).Equals(".jsonl", StringComparison.OrdinalIgnoreCase))
        {
            throw new InvalidDataException("rows for a language model are JSON Lines: the name must end with .jsonl");
        }

        var rows = new TextRows();
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
            {
                continue;
            }

            try
            {
                using var document = JsonDocument.Parse(line);
                rows.Add(document.RootElement, label, slices);
            }
            catch (JsonException e)
            {
                throw new InvalidDataException($"line {number} is no JSON: {e.Message}", e);
            }
            catch (InvalidDataException e)
            {
                throw new InvalidDataException($"line {number}: {e.Message}", e);
            }
        }

        return rows.Count > 0 ? rows : throw new InvalidDataException("it has no rows");
    }

    private void Add(JsonElement row, string label, IReadOnlyList<string> slices)
    {
        if (row.ValueKind != JsonValueKind.Object)
        {
            throw new InvalidDataException("there is no JSON object");
        }

        if (Count >= 3 * MostRows || Passages.Count > MostRows || Questions.Count > MostRows)
        {
            throw new InvalidDataException($"there are more than {MostRows} rows of one kind");
        }

        var id = row.TryGetProperty("id", out var value) ? Short(Plain(value)) : null;
        var values = slices.Select(s => row.TryGetProperty(s, out var v) ? Short(Plain(v)) : throw new InvalidDataException($"there is no field '{s}', which names slices")).ToList();
        if (row.TryGetProperty("text", out var text))
        {
            Passages.Add(new Passage(id, Text(text, "text"), values));
        }
        else if (row.TryGetProperty("options", out var options))
        {
            Questions.Add(Read(row, options, label, id, values));
        }
        else
        {
            Prompts.Add(row.TryGetProperty("prompt", out var prompt)
                ? Text(prompt, "prompt")
                : throw new InvalidDataException("there is neither 'text' (a passage), nor 'context' and 'options' (a question), nor 'prompt'"));
        }
    }

    private static Question Read(JsonElement row, JsonElement options, string label, string? id, List<string> values)
    {
        if (options.ValueKind != JsonValueKind.Array || options.GetArrayLength() is < 2 or > MostOptions)
        {
            throw new InvalidDataException($"'options' must be a list of 2 to {MostOptions} texts");
        }

        var context = row.TryGetProperty("context", out var before) ? Text(before, "context") : throw new InvalidDataException("there is no 'context' for the options");
        var right = row.TryGetProperty(label, out var truth) && truth.ValueKind == JsonValueKind.Number && truth.TryGetInt32(out var index) && index >= 0 && index < options.GetArrayLength()
            ? index
            : throw new InvalidDataException($"'{label}' must be the index of the right option, 0 to {options.GetArrayLength() - 1}");
        return new Question(id, context, [.. options.EnumerateArray().Select(o => Text(o, "options"))], right, values);
    }

    private static string Text(JsonElement value, string field) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= LongestText } text
            ? text
            : throw new InvalidDataException($"'{field}' must be a text of 1 to {LongestText} characters");

    private static string Plain(JsonElement value) => value.ValueKind == JsonValueKind.String ? value.GetString() ?? "" : value.GetRawText();

    private static string Short(string value) =>
        value.Length <= LongestValue ? value : throw new InvalidDataException($"an id or a slice's value is longer than {LongestValue} characters");
}

/// <summary>A text whose probability is measured.</summary>
internal sealed record Passage(string? Id, string Text, IReadOnlyList<string> Slices)
{
    public long Bytes { get; } = Encoding.UTF8.GetByteCount(Text);
}

/// <summary>A context and how it may go on.</summary>
internal sealed record Question(string? Id, string Context, IReadOnlyList<string> Options, int Right, IReadOnlyList<string> Slices);
