using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace ModelFlow.Core.Documents;

/// <summary>
/// Reads the part of YAML 1.2 that a configuration needs into a tree: maps, lists and values in one document.
/// Anchors, aliases and tags are refused: they buy nothing here and are how YAML documents explode.
/// </summary>
internal static class YamlTree
{
    private const int MaxDepth = 16;

    /// <summary>The tree; null when it is no YAML at all, which is then among the findings.</summary>
    public static Node? Read(string yaml, Findings findings)
    {
        var parser = new Parser(new StringReader(yaml));
        try
        {
            parser.Consume<StreamStart>();
            if (parser.Accept<StreamEnd>(out _))
            {
                findings.Add("", "The document is empty.");
                return null;
            }

            parser.Consume<DocumentStart>();
            var node = ReadNode(parser, "", 0, 0, findings);
            parser.Consume<DocumentEnd>();
            if (!parser.Accept<StreamEnd>(out var more))
            {
                findings.Add("", $"A second document begins on line {parser.Current?.Start.Line ?? more?.Start.Line}; write one.");
            }

            return node;
        }
        catch (TooDeepException e)
        {
            findings.Add(e.Path, $"Fields are nested more than {MaxDepth} deep.", e.Line);
        }
        catch (YamlException e)
        {
            findings.Add("", $"This is not YAML: {e.Message.TrimEnd('.')}.", (int)e.Start.Line);
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or FormatException or OverflowException or IndexOutOfRangeException)
        {
            // The scanner meets some malformed input unprepared; whatever it trips over is in the document.
            findings.Add("", "This is not YAML.", (int)(parser.Current?.End.Line ?? 0));
        }

        return null;
    }

    private static Node ReadNode(Parser parser, string path, int depth, int outerLine, Findings findings)
    {
        // A pair in a list, as in [a: b], has no place of its own for the parser: it is on its list's line, or after it.
        var line = Math.Max((int)(parser.Current?.Start.Line ?? 0), outerLine);
        if (depth > MaxDepth)
        {
            throw new TooDeepException(path, line);
        }

        if (parser.Current is NodeEvent start)
        {
            if (!start.Anchor.IsEmpty)
            {
                findings.Add(path, "Anchors (&) are not read here; write the value out.", line);
            }

            if (!start.Tag.IsEmpty && start.Tag.Value is not "!")
            {
                findings.Add(path, "Tags (!) are not read here; write the plain value.", line);
            }
        }

        if (parser.TryConsume<AnchorAlias>(out _))
        {
            findings.Add(path, "Aliases (*) are not read here; write the value out.", line);
            return new ScalarNode("", ScalarKind.Plain, line);
        }

        if (parser.TryConsume<Scalar>(out var scalar))
        {
            return new ScalarNode(scalar.Value, KindOf(scalar), line);
        }

        if (parser.TryConsume<SequenceStart>(out _))
        {
            var items = new List<Node>();
            while (!parser.TryConsume<SequenceEnd>(out _))
            {
                items.Add(ReadNode(parser, string.Create(CultureInfo.InvariantCulture, $"{path}[{items.Count}]"), depth + 1, line, findings));
            }

            return new ListNode(items, line);
        }

        parser.Consume<MappingStart>();
        return ReadMap(parser, path, depth, line, findings);
    }

    private static MapNode ReadMap(Parser parser, string path, int depth, int line, Findings findings)
    {
        var entries = new List<KeyValuePair<string, Node>>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (!parser.TryConsume<MappingEnd>(out _))
        {
            var keyLine = (int)(parser.Current?.Start.Line ?? 0);
            if (ReadNode(parser, path, depth + 1, line, findings) is not ScalarNode key)
            {
                findings.Add(path, "A field's name must be one word.", keyLine);
                ReadNode(parser, path, depth + 1, line, findings);
                continue;
            }

            var fieldPath = path.Length == 0 ? key.Text : $"{path}.{key.Text}";
            var value = ReadNode(parser, fieldPath, depth + 1, keyLine, findings);
            if (names.Add(key.Text))
            {
                entries.Add(new(key.Text, value is ScalarNode ? value with { Line = keyLine } : value));
            }
            else
            {
                findings.Add(fieldPath, "The field is there twice; keep one.", keyLine);
            }
        }

        return new MapNode(entries, line);
    }

    private static ScalarKind KindOf(Scalar scalar) =>
        scalar.Style is not (ScalarStyle.Plain or ScalarStyle.Any) ? ScalarKind.Text
        : scalar.Value is "" or "~" or "null" or "Null" or "NULL" ? ScalarKind.Null
        : ScalarKind.Plain;

#pragma warning disable CA1032, CA1064, RCS1194 // Never leaves this file: it only unwinds the recursion.
    private sealed class TooDeepException(string path, int line) : Exception
    {
        public string Path => path;

        public int Line => line;
    }
#pragma warning restore CA1032, CA1064, RCS1194
}
