using System.Globalization;
using System.Text;
using ModelFlow.Core.Naming;

namespace ModelFlow.Storage.Tables;

/// <summary>Parts of row keys that sort as the lists that are read from them.</summary>
internal static class Keys
{
    // A key has at most 1 KiB in UTF-16; this leaves room for the rest of it.
    private const int MaxChars = 300;

    // In ordinal order: what version names are made of.
    private const string VersionAlphabet = "-.0123456789abcdefghijklmnopqrstuvwxyz";

    /// <summary>A number that sorts ascending.</summary>
    public static string Rising(int number) => number.ToString("D10", CultureInfo.InvariantCulture);

    /// <summary>A number that sorts the highest first.</summary>
    public static string Falling(long number) => (long.MaxValue - number).ToString("D19", CultureInfo.InvariantCulture);

    /// <summary>A time that sorts the newest first.</summary>
    public static string Falling(DateTimeOffset time) => Falling(time.UtcTicks);

    /// <summary>
    /// A version that sorts the highest first; names that differ only in letter case have one key. Each number is its length and digits,
    /// counted down; the purpose is written in the alphabet turned round, ended by a character that sorts after all of it.
    /// </summary>
    public static string Falling(VersionName version)
    {
        var key = new StringBuilder();
        var dash = version.Key.IndexOf('-', StringComparison.Ordinal);
        var core = dash < 0 ? version.Key : version.Key[..dash];
        foreach (var number in core[1..].Split('.'))
        {
            key.Append((99 - number.Length).ToString("D2", CultureInfo.InvariantCulture));
            foreach (var digit in number)
            {
                key.Append((char)('0' + '9' - digit));
            }

            key.Append('.');
        }

        foreach (var c in dash < 0 ? "" : version.Key[(dash + 1)..])
        {
            key.Append(VersionAlphabet[^(VersionAlphabet.IndexOf(c, StringComparison.Ordinal) + 1)]);
        }

        return key.Append('~').ToString();
    }

    /// <summary>Any text as part of a key: what keys may not have, and the separator, become <c>=</c> and two hexadecimal digits a byte.</summary>
    public static string Escape(string text)
    {
        if (text.Length <= MaxChars && text.All(IsPlain))
        {
            return text;
        }

        var key = new StringBuilder();
        foreach (var b in Encoding.UTF8.GetBytes(text))
        {
            _ = IsPlain((char)b) ? key.Append((char)b) : key.Append('=').Append(b.ToString("X2", CultureInfo.InvariantCulture));
        }

        // A longer text is named by its digest.
        return key.Length <= MaxChars ? key.ToString() : $"=={Sha256Digest.Of(text).Hex}";
    }

    /// <summary>The text that <see cref="Escape"/> made the key of, unless it was so long that its digest stands there.</summary>
    public static string Unescape(string key)
    {
        var bytes = new List<byte>(key.Length);
        for (var i = 0; i < key.Length; i++)
        {
            bytes.Add(key[i] == '=' ? Convert.ToByte(key.Substring(i + 1, 2), 16) : (byte)key[i]);
            i += key[i] == '=' ? 2 : 0;
        }

        return Encoding.UTF8.GetString([.. bytes]);
    }

    /// <summary>The first key after all that begin with <paramref name="prefix"/>.</summary>
    public static string After(string prefix) => prefix[..^1] + (char)(prefix[^1] + 1);

    private static bool IsPlain(char c) => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.' or '*';
}
