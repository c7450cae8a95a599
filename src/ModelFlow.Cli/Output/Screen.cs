using System.Text.Json;
using System.Text.Json.Nodes;
using ModelFlow.Cli.Connecting;
using Spectre.Console;

namespace ModelFlow.Cli.Output;

/// <summary>
/// What a command writes: tables, lines and JSON for standard output, notes and progress for standard error. A terminal gets
/// colours; anything else gets plain lines that are easy to cut and grep.
/// </summary>
internal sealed class Screen
{
    private static readonly JsonSerializerOptions OneLine = new(ApiClient.Json) { WriteIndented = false };

    private readonly Surroundings _surroundings;
    private readonly IAnsiConsole? _terminal;

    public Screen(Surroundings surroundings)
    {
        _surroundings = surroundings;
        _terminal = surroundings.Interactive ? AnsiConsole.Console : null;
    }

    /// <summary>The terminal, for progress bars; null when nobody watches.</summary>
    public IAnsiConsole? Terminal => _terminal;

    public void Json(JsonNode? node) => _surroundings.Out.WriteLine(node?.ToJsonString(ApiClient.Json) ?? "{}");

    /// <summary>One JSON value on one line.</summary>
    public void JsonLine(JsonNode node) => _surroundings.Out.WriteLine(node.ToJsonString(OneLine));

    public void Line(string text = "", Tone tone = Tone.Plain) => Write(_surroundings.Out, text, tone);

    /// <summary>For the person, not for the pipe behind.</summary>
    public void Note(string text, Tone tone = Tone.Plain) => Write(_surroundings.Error, text, tone);

    /// <summary>Names and values, one pair a line; pairs without a value are left out.</summary>
    public void Pairs(params (string Name, Cell? Value)[] pairs)
    {
        var shown = pairs.Where(p => !string.IsNullOrEmpty(p.Value?.Text)).ToList();
        var width = shown.Count == 0 ? 0 : shown.Max(p => p.Name.Length);
        foreach (var (name, value) in shown)
        {
            if (_terminal is null)
            {
                Line($"{name.PadRight(width)}  {value!.Text}");
            }
            else
            {
                _terminal.MarkupLine($"[grey]{Markup.Escape(name.PadRight(width))}[/]  {MarkUp(value!)}");
            }
        }
    }

    /// <summary>A table; or <paramref name="empty"/> when it has no rows.</summary>
    public void Table(string[] columns, IEnumerable<Cell[]> rows, string empty)
    {
        var all = rows.ToList();
        if (all.Count == 0)
        {
            Note(empty);
            return;
        }

        if (_terminal is not null)
        {
            var table = new Table().Border(TableBorder.Simple);
            foreach (var column in columns)
            {
                table.AddColumn(new TableColumn($"[bold]{Markup.Escape(column)}[/]").NoWrap());
            }

            table.Columns[^1].NoWrap = false;
            all.ForEach(row => table.AddRow([.. row.Select(c => new Markup(MarkUp(c)))]));
            _terminal.Write(table);
            return;
        }

        var widths = columns.Select((c, i) => all.Max(r => Clean(r[i].Text).Length) is var w && w > c.Length ? w : c.Length).ToArray();
        Line(string.Join("  ", columns.Select((c, i) => c.PadRight(widths[i]))).TrimEnd());
        all.ForEach(row => Line(string.Join("  ", row.Select((c, i) => Clean(c.Text).PadRight(widths[i]))).TrimEnd()));
    }

    public void Problem(CommandFailedException failure)
    {
        Write(_surroundings.Error, $"modelflow: {failure.Message}", Tone.Bad);
        foreach (var field in failure.Fields)
        {
            Write(_surroundings.Error, field.Path.Length == 0 ? $"  {field.Message}" : $"  {field.Path}: {field.Message}", Tone.Plain);
        }

        if (failure.Remedy is { } remedy)
        {
            Write(_surroundings.Error, $"  {remedy}", Tone.Dim);
        }
    }

    /// <summary>Asks a person; without one, <paramref name="otherwise"/> says what to add to the command.</summary>
    public void Confirm(string question, bool yes, string otherwise)
    {
        if (yes)
        {
            return;
        }

        if (_terminal is null)
        {
            throw new CommandFailedException(ExitCode.Usage, otherwise);
        }

        _surroundings.Error.Write($"{Clean(question)} [y/N] ");
        if (_surroundings.In.ReadLine()?.Trim() is not ("y" or "Y" or "yes"))
        {
            throw new CommandFailedException(ExitCode.Refused, "Nothing was changed.");
        }
    }

    /// <summary>Text from outside without the control characters that could steer a terminal.</summary>
    public static string Clean(string text) => text.Any(char.IsControl) ? string.Concat(text.Select(c => char.IsControl(c) ? ' ' : c)) : text;

    private void Write(TextWriter writer, string text, Tone tone)
    {
        if (_terminal is null)
        {
            writer.WriteLine(Clean(text));
        }
        else
        {
            // Standard error is the same terminal here.
            _terminal.MarkupLine(MarkUp(new Cell(text, tone)));
        }
    }

    private static string MarkUp(Cell cell)
    {
        var text = Markup.Escape(Clean(cell.Text));
        return cell.Tone switch
        {
            Tone.Good => $"[green]{text}[/]",
            Tone.Bad => $"[red]{text}[/]",
            Tone.Busy => $"[yellow]{text}[/]",
            Tone.Dim => $"[grey]{text}[/]",
            Tone.Strong => $"[bold]{text}[/]",
            _ => text,
        };
    }
}

/// <summary>A piece of text and what it says about itself.</summary>
internal sealed record Cell(string Text, Tone Tone = Tone.Plain)
{
    public static implicit operator Cell(string? text) => new(text ?? "");
}

/// <summary>What a piece of text says about itself; colours on a terminal.</summary>
internal enum Tone
{
    Plain,
    Good,
    Bad,
    Busy,
    Dim,
    Strong,
}
