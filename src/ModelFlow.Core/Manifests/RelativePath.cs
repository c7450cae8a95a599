using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace ModelFlow.Core.Manifests;

/// <summary>
/// The rule for the path of a file inside a version or of a data set: it must mean the same place in blob storage, in a URL
/// and on the disk of whatever downloads it, and may not lead out of its folder.
/// </summary>
public static class RelativePath
{
    /// <summary>The most characters of a path: with what is put before it, a blob's name stays under Azure's 1,024.</summary>
    public const int MaxLength = 512;

    /// <summary>Whether <paramref name="path"/> may be used; if not, <paramref name="error"/> says what is wrong and what to write.</summary>
    public static bool Check(string path, [NotNullWhen(false)] out string? error)
    {
        error = Problem(path);
        return error is null;
    }

    private static string? Problem(string path)
    {
        if (path.Length == 0)
        {
            return "The path is empty.";
        }

        if (path.Length > MaxLength)
        {
            return $"The path has {path.Length} characters; at most {MaxLength} are allowed.";
        }

        foreach (var rune in path.EnumerateRunes())
        {
            if (System.Text.Rune.GetUnicodeCategory(rune) is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator
                or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned || rune == System.Text.Rune.ReplacementChar)
            {
                return $"The path has the character U+{rune.Value:X4}, which cannot be seen or read; rename the file.";
            }
        }

        if (path.Contains('\\', StringComparison.Ordinal))
        {
            return $"The path '{path}' has a backslash; separate folders with '/'.";
        }

        if (path[0] == '/' || (path.Length > 1 && path[1] == ':' && char.IsAsciiLetter(path[0])))
        {
            return $"The path '{path}' is absolute; write it relative to the version's folder.";
        }

        foreach (var segment in path.Split('/'))
        {
            if (segment.Length == 0 || segment is "." or "..")
            {
                return $"The path '{path}' has the segment '{segment}'; write it without empty, '.' and '..' segments.";
            }

            if (segment[^1] is '.' or ' ' || segment[0] == ' ')
            {
                return $"The path '{path}' has the segment '{segment}', which begins with a space or ends with a space or a dot; some file systems drop these. Rename it.";
            }
        }

        return null;
    }
}
