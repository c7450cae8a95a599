using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace ModelFlow.Cli.Auditing;

/// <summary>
/// Verifies an export (<c>docs/audit.md</c>) line by line, by itself: every hash, every link, every anchor's signature, and that whatever was anchored is still in its chain. Believes nothing that
/// a host says of its own record.
/// </summary>
internal sealed partial class RecordVerifier
{
    private const string ReleasePrefix = "release:";
    private const string System = "_system";
    private const int MostProblems = 1000;

    private readonly AnchorKeys? _given;
    private readonly AnchorKeys _own = new();
    private readonly AnchorChain _anchors;
    private readonly List<Changed> _changed = [];
    private readonly List<string> _recorded = [];
    private readonly HashSet<(string Chain, int Seq, string Hash, string Redacted)> _redacted = [];
    private readonly List<(string Path, string Text)> _lists = [];
    private readonly HashSet<string> _seen = new(StringComparer.Ordinal);
    private readonly List<RecordProblem> _problems = [];
    private Chain? _chain;
    private JsonObject? _header;
    private int _lines;
    private bool _ended;

    /// <param name="keys">Keys that were got elsewhere; null to believe those that the export brings.</param>
    public RecordVerifier(AnchorKeys? keys)
    {
        _given = keys;
        _anchors = new AnchorChain(() => _given ?? _own, Wrong);
    }

    /// <summary>Takes the next line.</summary>
    public void Take(string text)
    {
        if (text.Length == 0)
        {
            return;
        }

        _lines++;
        var line = Parse(text);
        switch (Text(line, "kind"))
        {
            case "export" when _lines == 1:
                _header = line;
                break;
            case "key":
                _own.Add(Text(line, "publicKey") ?? "");
                break;
            case "anchor":
                line!.Remove("kind"); // It has one: it was read just now.
                _anchors.Take(line);
                break;
            case "redactions":
                _lists.Add((Text(line, "path") ?? "", Text(line, "text") ?? ""));
                break;
            case "release" when Text(line, "chain") is { } chain:
                Begin(chain).State = (Number(line, "count") ?? 0, Text(line, "hash") ?? "");
                break;
            case "entry" when Text(line, "chain") is { } chain && line!["entry"] is JsonObject entry:
                var content = new JsonObject { ["seq"] = line["seq"]?.DeepClone(), ["entry"] = entry.DeepClone() };
                Link(chain, Number(line, "seq"), Text(line, "previousHash"), Text(line, "hash"), content);
                if (chain == System && Text(entry, "action") == "namesErased")
                {
                    _recorded.Add(Text(entry, "message") ?? "");
                }

                break;
            case "event" when Text(line, "chain") is { } chain && line!["event"] is JsonObject happened:
                var rest = happened.DeepClone().AsObject();
                rest.Remove("hash");
                rest.Remove("previousHash");
                Link(chain, Number(happened, "seq"), Text(happened, "previousHash"), Text(happened, "hash"), rest);
                break;
            case "end":
                _ended = true;
                if (Number(line, "lines") != _lines - 1)
                {
                    Wrong("export", _lines, $"{Number(line, "lines")} lines were written and {_lines - 1} are here");
                }

                break;
            default:
                Wrong("export", _lines, "this line is not one of an export");
                break;
        }
    }

    /// <summary>Concludes, after the last line.</summary>
    /// <param name="witness">An anchor that was seen at another time, which must be there; null for none.</param>
    public RecordVerdict Conclude(NewestAnchor? witness)
    {
        End();
        if (_header is null)
        {
            Wrong("export", 1, "it does not begin as an export of ModelFlow does");
        }
        else if (!_ended)
        {
            Wrong("export", _lines + 1, "it was cut off: its last line is missing");
        }

        Redactions();
        foreach (var changed in _changed.Where(c => !_redacted.Contains((c.Chain, c.Seq, c.Hash, c.Computed))))
        {
            Wrong(changed.Chain, changed.Seq, "it was changed after it was written");
        }

        foreach (var chain in _anchors.Chains.Where(c => !_seen.Contains(c) && IsSelected(c)).Order(StringComparer.Ordinal))
        {
            var (count, head) = _anchors.HeadsOf(chain).Last();
            Wrong(chain, 1, $"the whole chain is missing: anchor {head.Anchor} of {head.At.UtcDateTime:u} has {count} entries of it");
        }

        if (_anchors.Count == 0)
        {
            Wrong("anchors", null, "there is none: nothing shows that the chains were not rewritten as a whole");
        }

        if (witness is not null && _anchors.HashOf(witness.Number) != witness.Hash)
        {
            Wrong("anchors", witness.Number, _anchors.HashOf(witness.Number) is null ? "it was seen before and is not there any more" : "another one was seen before under its number");
        }

        var redacted = _changed.Count(c => _redacted.Contains((c.Chain, c.Seq, c.Hash, c.Computed)));
        return new RecordVerdict(_seen.Count, Entries, redacted, Unanchored, _anchors.Count, _anchors.Newest, Time(_header, "at"), _given is null ? "host" : "given", [.. (_given ?? _own).Ids], _problems, IsPartial);
    }

    private int Entries { get; set; }

    private int Unanchored { get; set; }

    private bool IsPartial => _header is not null && (_header["since"] is not null || _header["until"] is not null);

    private Chain Begin(string name)
    {
        if (_chain?.Name != name)
        {
            End();
            _chain = new Chain(name);
            if (!_seen.Add(name))
            {
                Wrong(name, null, "the chain is there twice");
            }
        }

        return _chain;
    }

    private void Link(string name, int? seq, string? previous, string? hash, JsonObject content)
    {
        var chain = Begin(name);
        Entries++;
        if (seq is not { } number || previous is null || hash is null)
        {
            Wrong(name, chain.Seq + 1, "it has no number or no hash");
            return;
        }

        // A part of a chain begins anywhere; a whole one at its first entry.
        var first = chain.First == 0;
        chain.First = first ? number : chain.First;
        if (number != chain.Seq + 1 && !(first && _header?["since"] is not null))
        {
            Wrong(name, chain.Seq + 1, number > chain.Seq ? $"missing: entry {number} stands in its place" : $"entry {number} stands in its place");
        }
        else if (previous != chain.Hash && !(first && number > 1))
        {
            Wrong(name, number, "it does not follow the entry before it: one was put in, taken out or rewritten");
        }

        var computed = CanonicalHash.Of(previous, content);
        if (computed != hash)
        {
            _changed.Add(new Changed(name, number, hash, computed));
        }

        if (_anchors.HeadsOf(name).TryGetValue(number, out var anchored))
        {
            chain.LastAnchored = number;
            if (anchored.Hash != hash)
            {
                Wrong(name, number, $"another entry stood here when anchor {anchored.Anchor} was made ({anchored.At.UtcDateTime:u}): the chain was rewritten since");
            }
        }

        (chain.Seq, chain.Hash) = (number, hash);
    }

    private void End()
    {
        if (_chain is not { } chain)
        {
            return;
        }

        var last = chain.First == 0 ? 0 : chain.Seq;
        if (_header?["until"] is null && !(chain.First == 0 && IsPartial))
        {
            foreach (var (count, head) in _anchors.HeadsOf(chain.Name).Where(h => h.Key > last).Take(1))
            {
                Wrong(chain.Name, last + 1, $"the chain was cut off: anchor {head.Anchor} of {head.At.UtcDateTime:u} has {count} entries of it, and there are {last}");
            }

            if (chain.State is { } state && (state.Count != last || state.Hash != chain.Hash))
            {
                Wrong(chain.Name, last + 1, $"the release counts {state.Count} events, and the chain ends with event {last}{(state.Count == last ? ", which is another one" : "")}");
            }
        }

        if (chain.State is null && chain.Name.StartsWith(ReleasePrefix, StringComparison.Ordinal))
        {
            Wrong(chain.Name, null, "the release's state is missing");
        }

        Unanchored += chain.First == 0 ? 0 : chain.Seq - Math.Max(chain.LastAnchored, chain.First - 1);
        _chain = null;
    }

    // A list is believed if the audit log names its digest: then it is as the host wrote it, as far as that entry is.
    private void Redactions()
    {
        foreach (var (path, text) in _lists)
        {
            var digest = "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
            if (!_recorded.Exists(m => m.Contains(digest, StringComparison.Ordinal)))
            {
                // Of a list that was written just before the host stopped there is nothing to see; a changed one shows in what it no longer covers.
                continue;
            }

            foreach (var entry in (Parse(text)?["entries"] as JsonArray ?? []).OfType<JsonObject>())
            {
                _redacted.Add((Text(entry, "chain") ?? "", Number(entry, "seq") ?? 0, Text(entry, "hash") ?? "", Text(entry, "redacted") ?? path));
            }
        }
    }

    private bool IsSelected(string chain)
    {
        if (_header is null || IsPartial)
        {
            return false;
        }

        if (Text(_header, "release") is { } release)
        {
            return chain == ReleasePrefix + release;
        }

        if (Text(_header, "scope") is { } scope)
        {
            return chain == scope;
        }

        return Text(_header, "model") is not { } model || chain == $"model:{model}" || ReleaseOf().Match(chain).Groups["model"].Value == model;
    }

    private void Wrong(string chain, int? seq, string what)
    {
        if (_problems.Count < MostProblems)
        {
            _problems.Add(new RecordProblem(chain, seq, what));
        }
    }

    private static JsonObject? Parse(string text)
    {
        try
        {
            return JsonNode.Parse(text) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Text(JsonObject? node, string name) => node?[name] is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    private static int? Number(JsonObject? node, string name) => node?[name] is JsonValue value && value.TryGetValue<int>(out var number) ? number : null;

    private static DateTimeOffset? Time(JsonObject? node, string name) => node?[name] is JsonValue value && value.TryGetValue<DateTimeOffset>(out var time) ? time : null;

    // Names of models have no dots, versions have.
    [GeneratedRegex(@"^release:(?<model>[a-z0-9-]+?)-v[0-9]+\.", RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ReleaseOf();

    private sealed class Chain(string name)
    {
        public string Name { get; } = name;

        public int First { get; set; }

        public int Seq { get; set; }

        public string Hash { get; set; } = "";

        public int LastAnchored { get; set; }

        public (int Count, string Hash)? State { get; set; }
    }

    private sealed record Changed(string Chain, int Seq, string Hash, string Computed);
}

/// <summary>Something that is wrong.</summary>
/// <param name="Chain">The chain; <c>anchors</c> or <c>export</c> for those.</param>
/// <param name="Seq">The entry's, the anchor's or the line's number.</param>
/// <param name="What">In words.</param>
internal sealed record RecordProblem(string Chain, int? Seq, string What);

/// <summary>What was found.</summary>
/// <param name="Chains">How many chains were read.</param>
/// <param name="Entries">How many entries.</param>
/// <param name="Redacted">How many of them have had a name erased.</param>
/// <param name="Unanchored">How many are newer than their chain's newest anchor.</param>
/// <param name="Anchors">How many anchors.</param>
/// <param name="Newest">The newest of them.</param>
/// <param name="ExportedAt">When the export was made.</param>
/// <param name="KeysFrom"><c>given</c>, or <c>host</c>: those that the export brought.</param>
/// <param name="Keys">Their ids.</param>
/// <param name="Problems">None if all is sound.</param>
/// <param name="Partial">Only a span of time: what was before and after is not looked at.</param>
internal sealed record RecordVerdict(
    int Chains, int Entries, int Redacted, int Unanchored, int Anchors, NewestAnchor? Newest, DateTimeOffset? ExportedAt, string KeysFrom, IReadOnlyList<string> Keys, IReadOnlyList<RecordProblem> Problems, bool Partial)
{
    public bool Intact => Problems.Count == 0;
}
