using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using ModelFlow.Testing;

namespace ModelFlow.Pages.Tests;

/// <summary>The catalogues of texts: the same keys and placeholders in every language, each used, and none missing.</summary>
public sealed partial class TextTests
{
    private static readonly string Folder = Path.Combine(RepositoryRoot.Find(), "src", "ModelFlow.Api", "Pages", "Content");
    private static readonly JsonObject English = Read("en");
    private static readonly JsonObject Chinese = Read("zh-CN");

    [Fact]
    public void Catalogues_have_the_same_keys_in_the_same_order() => Assert.Equal(English.Select(e => e.Key), Chinese.Select(e => e.Key));

    [Fact]
    public void Catalogues_have_the_same_placeholders()
    {
        foreach (var (key, text) in English)
        {
            Assert.Equal((key, Placeholders(text!)), (key, Placeholders(Chinese[key]!)));
        }
    }

    [Fact]
    public void Counted_texts_have_the_forms_of_their_language()
    {
        Assert.All(English.Where(e => e.Value is JsonObject), e => Assert.Equal(["one", "other"], e.Value!.AsObject().Select(f => f.Key)));
        Assert.All(Chinese.Where(e => e.Value is JsonObject), e => Assert.Equal(["other"], e.Value!.AsObject().Select(f => f.Key)));
    }

    [Fact]
    public void Every_text_that_the_page_asks_for_is_there_and_every_text_is_asked_for()
    {
        var sources = string.Join('\n', Directory.EnumerateFiles(Folder, "*.js", SearchOption.AllDirectories).Where(f => !f.Contains("/vendor/", StringComparison.Ordinal)).Select(File.ReadAllText));
        var quoted = Quoted().Matches(sources).Select(m => m.Groups["text"].Value).ToHashSet(StringComparer.Ordinal);
        var asked = Asked().Matches(sources).Select(m => m.Groups["key"].Value).Distinct(StringComparer.Ordinal).ToList();
        var families = Family().Matches(sources).Select(m => m.Groups["family"].Value).Concat(Word().Matches(sources).Select(m => m.Groups["family"].Value + ".")).ToHashSet(StringComparer.Ordinal);

        Assert.DoesNotContain(asked, k => !English.ContainsKey(k));
        Assert.DoesNotContain(English.Select(e => e.Key), k => !quoted.Contains(k) && !families.Any(f => k.StartsWith(f, StringComparison.Ordinal)));
        Assert.True(asked.Count > 150, $"{asked.Count} texts are asked for.");
    }

    [Fact]
    public void Chinese_is_written_with_its_own_punctuation() => Assert.All(Chinese, e => Assert.DoesNotMatch(HalfWidth(), e.Value is JsonObject forms ? (string)forms["other"]! : (string)e.Value!));

    private static JsonObject Read(string language) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, "text", language + ".json")))!.AsObject();

    private static string Placeholders(JsonNode text) => string.Join(' ', Placeholder().Matches(text.ToJsonString()).Select(m => m.Value).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal));

    [GeneratedRegex(@"\{\w+\}", RegexOptions.None, 1000)]
    private static partial Regex Placeholder();

    // t("key" or tx("key"
    [GeneratedRegex(@"\btx?\(""(?<key>[^""]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Asked();

    [GeneratedRegex(@"""(?<text>[a-zA-Z.]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Quoted();

    // t(`family.${…}`
    [GeneratedRegex(@"\btx?\(`(?<family>[a-zA-Z.]+\.)\$\{", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Family();

    [GeneratedRegex(@"\bword\(""(?<family>[a-zA-Z.]+)""", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Word();

    [GeneratedRegex(@"[\u4e00-\u9fff][,:;?!()]|[,:;?!()][\u4e00-\u9fff]", RegexOptions.None, 1000)]
    private static partial Regex HalfWidth();
}
