namespace ModelFlow.Core.Documents;

/// <summary>The name somebody probably meant.</summary>
internal static class DidYouMean
{
    /// <summary>The nearest of <paramref name="names"/> if it is near enough to be a slip of the pen; null otherwise.</summary>
    public static string? Nearest(string written, IEnumerable<string> names)
    {
        if (written.Length > 64)
        {
            return null;
        }

        var bare = Bare(written);
        var (best, distance) = ((string?)null, int.MaxValue);
        foreach (var name in names)
        {
            var d = Distance(bare, Bare(name));
            if (d < distance)
            {
                (best, distance) = (name, d);
            }
        }

        return best is not null && distance <= Math.Max(1, Math.Min(bare.Length, best.Length) / 3) ? best : null;
    }

    // max_accuracy_loss, max-accuracy-loss and MaxAccuracyLoss are all maxAccuracyLoss to a person.
    private static string Bare(string name) => string.Concat(name.Where(c => c is not ('_' or '-' or ' ')).Select(char.ToLowerInvariant));

    /// <summary>Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.</summary>
    private static int Distance(string a, string b)
    {
        var d = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
        {
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0)
                {
                    d[i, j] = i + j;
                    continue;
                }

                var substitution = a[i - 1] == b[j - 1] ? 0 : 1;
                d[i, j] = Math.Min(Math.Min(d[i - 1, j] + 1, d[i, j - 1] + 1), d[i - 1, j - 1] + substitution);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    d[i, j] = Math.Min(d[i, j], d[i - 2, j - 2] + 1);
                }
            }
        }

        return d[a.Length, b.Length];
    }
}
