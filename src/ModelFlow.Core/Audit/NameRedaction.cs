using System.Text;
using System.Text.Json.Nodes;

namespace ModelFlow.Core.Audit;

/// <summary>Puts another word in a name's place, in a JSON value of any shape.</summary>
public static class NameRedaction
{
    /// <summary>
    /// A copy of <paramref name="value"/> with <paramref name="name"/> replaced wherever it stands as a word of its own, as a whole text or within one, and how often it was. A word ends
    /// where no letter, digit, <c>-</c>, <c>_</c>, <c>.</c>, <c>@</c> or <c>:</c> follows, or a full stop or colon that ends a sentence: <c>alice</c> is found in "Approved by alice." and not in
    /// "alice.smith". Letter case counts.
    /// </summary>
    public static (JsonNode? Value, int Count) Replace(JsonNode? value, string name, string replacement)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(replacement);
        var count = 0;
        return (Walk(value), count);

        JsonNode? Walk(JsonNode? node) => node switch
        {
            JsonObject members => new JsonObject(members.Select(m => KeyValuePair.Create(m.Key, Walk(m.Value)))),
            JsonArray items => new JsonArray([.. items.Select(Walk)]),
            JsonValue text when text.TryGetValue<string>(out var s) && Replace(s, name, replacement) is var (changed, times) && times > 0 => Count(changed, times),
            _ => node?.DeepClone(),
        };

        JsonValue Count(string changed, int times)
        {
            count += times;
            return JsonValue.Create(changed);
        }
    }

    /// <summary>The same for a text.</summary>
    public static (string Text, int Count) Replace(string text, string name, string replacement)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentException.ThrowIfNullOrEmpty(name);
        StringBuilder? changed = null;
        var (done, count) = (0, 0);
        for (var at = text.IndexOf(name, StringComparison.Ordinal); at >= 0; at = text.IndexOf(name, at + 1, StringComparison.Ordinal))
        {
            if (at < done || (at > 0 && IsOfName(text[at - 1])) || !EndsAt(text, at + name.Length))
            {
                continue;
            }

            (changed ??= new StringBuilder()).Append(text, done, at - done).Append(replacement);
            done = at + name.Length;
            count++;
        }

        return changed is null ? (text, 0) : (changed.Append(text, done, text.Length - done).ToString(), count);
    }

    private static bool EndsAt(string text, int end) =>
        end == text.Length || !IsOfName(text[end]) || (text[end] is '.' or ':' && (end + 1 == text.Length || !IsOfName(text[end + 1])));

    private static bool IsOfName(char c) => char.IsLetterOrDigit(c) || c is '-' or '_' or '.' or '@' or ':';
}
