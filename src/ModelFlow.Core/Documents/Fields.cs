using System.Diagnostics.CodeAnalysis;

namespace ModelFlow.Core.Documents;

/// <summary>Parses one value, or says what is wrong with it and what to write instead.</summary>
internal delegate bool ParseValue<T>(string text, out T value, [NotNullWhen(false)] out string? error);

/// <summary>
/// One map of a document being read. Whoever reads it asks for every field it knows; what was never asked for is
/// unknown and is refused by <see cref="RefuseUnknown"/>. Mistakes go to the findings; the values returned beside
/// a mistake are placeholders, for a document with findings is never used.
/// </summary>
internal sealed class Fields(MapNode map, string path, Findings findings)
{
    private readonly List<string> _known = [];

    public Findings Findings => findings;

    public string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>The line of a field, or of the map when the field is not there.</summary>
    public int LineOf(string name) => Find(name)?.Line ?? map.Line;

    public bool Has(string name) => Find(name) is not null;

    public void Report(string name, string message) => findings.Add(PathOf(name), message, LineOf(name));

    /// <summary>A field that must be there.</summary>
    public T Required<T>(string name, ParseValue<T> parse) => Value(name, parse, out var value) switch
    {
        Found.Good => value!,
        Found.Missing => Missing<T>(name),
        _ => default!,
    };

    /// <summary>A field with a default.</summary>
    public T Optional<T>(string name, ParseValue<T> parse, T fallback) =>
        Value(name, parse, out var value) == Found.Good ? value! : fallback;

    /// <summary>A map inside this one; null when it is not there or no map.</summary>
    public Fields? Map(string name, bool required = false)
    {
        switch (Take(name))
        {
            case MapNode child:
                return new Fields(child, PathOf(name), findings);
            case null when required:
                Missing<object>(name);
                return null;
            case null:
                return null;
            case var other:
                findings.Add(PathOf(name), $"Fields are needed here, not {Describe(other)}.", other.Line);
                return null;
        }
    }

    /// <summary>A list inside this map; null when it is not there or no list.</summary>
    public ListNode? List(string name, bool required = false)
    {
        switch (Take(name))
        {
            case ListNode list:
                return list;
            case null when required:
                Missing<object>(name);
                return null;
            case null:
                return null;
            case var other:
                findings.Add(PathOf(name), $"A list is needed here, not {Describe(other)}.", other.Line);
                return null;
        }
    }

    /// <summary>The maps of a list, with their paths; items that are no maps are reported.</summary>
    public IEnumerable<Fields> MapsOf(string name, ListNode list)
    {
        for (var i = 0; i < list.Items.Count; i++)
        {
            var itemPath = $"{PathOf(name)}[{i}]";
            if (list.Items[i] is MapNode item)
            {
                yield return new Fields(item, itemPath, findings);
            }
            else
            {
                findings.Add(itemPath, $"Fields are needed here, not {Describe(list.Items[i])}.", list.Items[i].Line);
            }
        }
    }

    /// <summary>The values of a list; items that are no texts, or wrong, are reported and left out.</summary>
    public IReadOnlyList<T> ValuesOf<T>(string name, ListNode list, ParseValue<T> parse)
    {
        var values = new List<T>(list.Items.Count);
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (Value($"{PathOf(name)}[{i}]", list.Items[i], parse, out var value) == Found.Good)
            {
                values.Add(value!);
            }
        }

        return values;
    }

    /// <summary>Every field of this map as a name and a value, for maps whose names are free.</summary>
    public IEnumerable<(string Name, T Value)> FreeValues<T>(ParseValue<T> parse)
    {
        foreach (var (name, node) in map.Entries)
        {
            _known.Add(name);
            if (Value(PathOf(name), node, parse, out var value) == Found.Good)
            {
                yield return (name, value!);
            }
        }
    }

    /// <summary>How many fields the map has.</summary>
    public int Count => map.Entries.Count;

    /// <summary>Reports every field that nobody asked for. Call it last.</summary>
    public void RefuseUnknown()
    {
        foreach (var (name, node) in map.Entries)
        {
            if (findings.Full)
            {
                return;
            }

            if (!_known.Contains(name, StringComparer.Ordinal))
            {
                var close = DidYouMean.Nearest(name, _known);
                findings.Add(
                    PathOf(name),
                    close is not null ? $"There is no such field; did you mean '{close}'?" : $"There is no such field; there are: {string.Join(", ", _known)}.",
                    node.Line);
            }
        }
    }

    private Found Value<T>(string name, ParseValue<T> parse, out T? value)
    {
        value = default;
        return Take(name) is { } node ? Value(PathOf(name), node, parse, out value) : Found.Missing;
    }

    private Found Value<T>(string valuePath, Node node, ParseValue<T> parse, out T? value)
    {
        value = default;
        switch (node)
        {
            case ScalarNode { Kind: ScalarKind.Null }:
                findings.Add(valuePath, "There is no value; write one or leave the field out.", node.Line);
                return Found.Bad;
            case ScalarNode scalar when WrongKind<T>(scalar) is { } wrong:
                findings.Add(valuePath, wrong, node.Line);
                return Found.Bad;
            case ScalarNode scalar:
                if (parse(scalar.Text, out value, out var error))
                {
                    return Found.Good;
                }

                findings.Add(valuePath, error, node.Line);
                return Found.Bad;
            default:
                findings.Add(valuePath, $"One value is needed here, not {Describe(node)}.", node.Line);
                return Found.Bad;
        }
    }

    // In JSON the type is part of the value: "12" is no number and 12 is no text. YAML's plain values are both.
    private static string? WrongKind<T>(ScalarNode scalar)
    {
        var number = typeof(T) == typeof(int) || typeof(T) == typeof(long) || typeof(T) == typeof(double) || typeof(T) == typeof(double?);
        return scalar.Kind switch
        {
            ScalarKind.Text when number => "A number is needed here, without quotes.",
            ScalarKind.Boolean when typeof(T) != typeof(FreeText) && typeof(T) != typeof(bool) => $"A {(number ? "number" : "text")} is needed here, not {scalar.Text}.",
            ScalarKind.Text or ScalarKind.Number when typeof(T) == typeof(bool) => "true or false is needed here, without quotes.",
            ScalarKind.Number when !number && typeof(T) != typeof(FreeText) => "A text is needed here, in quotes.",
            _ => null,
        };
    }

    private T Missing<T>(string name)
    {
        findings.Add(PathOf(name), "This field is needed.", map.Line);
        return default!;
    }

    private Node? Take(string name)
    {
        _known.Add(name);
        return Find(name);
    }

    private Node? Find(string name)
    {
        foreach (var (key, node) in map.Entries)
        {
            if (string.Equals(key, name, StringComparison.Ordinal))
            {
                return node;
            }
        }

        return null;
    }

    private static string Describe(Node node) => node switch
    {
        MapNode => "fields",
        ListNode => "a list",
        ScalarNode { Kind: ScalarKind.Null } => "nothing",
        _ => "a single value",
    };

    private enum Found
    {
        Missing,
        Bad,
        Good,
    }
}

/// <summary>A value of any kind kept as its text, for fields such as training parameters.</summary>
internal readonly record struct FreeText(string Text);
