namespace ModelFlow.Core.Documents;

/// <summary>
/// A document that a person wrote, JSON or YAML, as a tree before it is checked: the readers of manifests and policies
/// walk it, so that every mistake is found in one pass and named by its field.
/// </summary>
/// <param name="Line">The line it begins on, from 1; 0 when the source does not say.</param>
internal abstract record Node(int Line);

/// <summary>Fields by name, in the order written; names are unique.</summary>
internal sealed record MapNode(IReadOnlyList<KeyValuePair<string, Node>> Entries, int Line) : Node(Line);

/// <summary>A list.</summary>
internal sealed record ListNode(IReadOnlyList<Node> Items, int Line) : Node(Line);

/// <summary>One value.</summary>
/// <param name="Text">As written, without quotes.</param>
/// <param name="Kind">What the source says it is.</param>
/// <param name="Line">The line it stands on.</param>
internal sealed record ScalarNode(string Text, ScalarKind Kind, int Line) : Node(Line);

/// <summary>What a source says a value is.</summary>
internal enum ScalarKind
{
    /// <summary>A text in quotes.</summary>
    Text,

    /// <summary>A JSON number.</summary>
    Number,

    /// <summary>A JSON true or false.</summary>
    Boolean,

    /// <summary>Nothing: JSON null, YAML <c>null</c>, <c>~</c> or an empty value.</summary>
    Null,

    /// <summary>A YAML value without quotes: whoever reads it decides what it is.</summary>
    Plain,
}
