using System.Text.Json.Nodes;

namespace ModelFlow.Cli.Auditing;

/// <summary>The anchors of an export: each checked by itself, as the next of a chain, and against its signature. Only what sound ones say is held against the chains.</summary>
internal sealed class AnchorChain(Func<AnchorKeys> keys, Action<string, int?, string> wrong)
{
    private readonly Dictionary<string, SortedDictionary<int, AnchoredAt>> _heads = new(StringComparer.Ordinal);
    private readonly Dictionary<int, string> _hashes = [];

    /// <summary>How many there are, sound or not.</summary>
    public int Count { get; private set; }

    /// <summary>The newest; null if there is none.</summary>
    public NewestAnchor? Newest { get; private set; }

    /// <summary>The chains that were anchored.</summary>
    public IEnumerable<string> Chains => _heads.Keys;

    /// <summary>The hash of the anchor with a number; null if there is none.</summary>
    public string? HashOf(int number) => _hashes.GetValueOrDefault(number);

    /// <summary>What is anchored of a chain, by the number of entries it had.</summary>
    public IReadOnlyDictionary<int, AnchoredAt> HeadsOf(string chain) => _heads.TryGetValue(chain, out var heads) ? heads : new SortedDictionary<int, AnchoredAt>();

    public void Take(JsonObject line)
    {
        Count++;
        if (line["anchor"] is not JsonObject anchor || Text(line, "hash") is not { } hash || Text(line, "signature") is not { } signature
            || anchor["number"] is not JsonValue n || !n.TryGetValue<int>(out var number) || Text(anchor, "previousHash") is not { } previous || Text(anchor, "key") is not { } key
            || anchor["at"] is not JsonValue t || !t.TryGetValue<DateTimeOffset>(out var at) || anchor["heads"] is not JsonArray heads)
        {
            wrong("anchors", Count, $"the anchor after {Newest?.Number ?? 0} cannot be read: something else was written in its place");
            return;
        }

        var expected = (Newest?.Number ?? 0) + 1;
        if (number != expected)
        {
            wrong("anchors", expected, number > expected ? $"missing: anchor {number} comes after {expected - 1}" : $"anchor {number} stands in its place");
        }
        else if (previous != (Newest?.Hash ?? ""))
        {
            wrong("anchors", number, "it does not follow the anchor before it: one of the two was replaced");
        }

        Newest = new NewestAnchor(number, hash, at);
        _hashes[number] = hash;
        if (CanonicalHash.Of(previous, anchor) != hash)
        {
            wrong("anchors", number, "it was changed after it was signed");
            return;
        }

        switch (keys().HasSigned(key, hash, signature))
        {
            case null:
                wrong("anchors", number, $"it is signed with the key {key}, which is not among those that are trusted ({(keys().Ids.Count == 0 ? "none" : string.Join(", ", keys().Ids))})");
                return;
            case false:
                wrong("anchors", number, $"its signature is not of the key {key}");
                return;
        }

        foreach (var head in heads.OfType<JsonObject>())
        {
            if (Text(head, "chain") is { } chain && Text(head, "hash") is { } newest && head["count"] is JsonValue c && c.TryGetValue<int>(out var count))
            {
                Enter(chain, count, new AnchoredAt(number, at, newest));
            }
        }
    }

    private void Enter(string chain, int count, AnchoredAt head)
    {
        if (!_heads.TryGetValue(chain, out var heads))
        {
            _heads[chain] = heads = [];
        }

        if (!heads.TryAdd(count, head) && heads[count].Hash != head.Hash)
        {
            wrong(chain, count, $"anchor {heads[count].Anchor} and anchor {head.Anchor} name different entries: the chain was rewritten between them");
        }
    }

    private static string? Text(JsonObject node, string name) => node[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;
}

/// <summary>What an anchor says of a chain.</summary>
internal sealed record AnchoredAt(int Anchor, DateTimeOffset At, string Hash);

/// <summary>The newest anchor that was seen.</summary>
internal sealed record NewestAnchor(int Number, string Hash, DateTimeOffset At);
