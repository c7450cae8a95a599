using CsCheck;
using ModelFlow.Core.Naming;
using ModelFlow.Storage.Tables;
using ModelFlow.Testing;

namespace ModelFlow.Storage.Tests.Tables;

public sealed class KeysTests
{
    private static readonly string[] Purposes = ["", "-a", "-B", "-b", "-base", "-base.2", "-a-b", "-Ab", "-ab", "-z1"];

    private static readonly Gen<string> Number = Gen.Frequency((3, Gen.Int[0, 20].Select(i => $"{i}")), (1, Gen.Long[0, long.MaxValue].Select(i => $"{i}")));

    private static readonly Gen<VersionName?> Version = Gen.Select(Number, Number, Number, Gen.Int[0, Purposes.Length - 1].Select(i => Purposes[i]))
        .Select((a, b, c, purpose) => VersionName.TryParse($"v{a}.{b}.{c}{purpose}", out var version, out _) ? version : (VersionName?)null);

    [Fact]
    public void Falling_versions_sort_highest_number_first() => Gen.Select(Version, Version).Sample((a, b) =>
    {
        if (a is not { } x || b is not { } y)
        {
            return;
        }

        var keys = string.CompareOrdinal(Keys.Falling(x), Keys.Falling(y));
        if (x.IsSiblingOf(y))
        {
            Assert.Equal(x.Key == y.Key, keys == 0);
        }
        else
        {
            Assert.Equal(Math.Sign(y.CompareTo(x)), Math.Sign(keys));
        }
    });

    [Fact]
    public void Falling_times_sort_newest_first() =>
        Assert.True(string.CompareOrdinal(Keys.Falling(Samples.Now.AddTicks(1)), Keys.Falling(Samples.Now)) < 0);

    [Fact]
    public void Escaped_texts_are_legal_keys_and_never_the_same() => Gen.Select(Gen.String, Gen.String).Sample((a, b) =>
    {
        var (x, y) = (Keys.Escape(a), Keys.Escape(b));
        Assert.DoesNotContain(x, c => c is '/' or '\\' or '#' or '?' or ':' or < ' ' or > '~');
        Assert.True(x.Length <= 300);
        Assert.Equal(string.Equals(Valid(a), Valid(b), StringComparison.Ordinal), string.Equals(x, y, StringComparison.Ordinal));
    });

    // Half a surrogate pair is no text and becomes the replacement character in UTF-8.
    private static string Valid(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
}
