using System.Text.Json;

namespace ModelFlow.Gateway.Shadowing;

/// <summary>Compares embeddings: the distance is half of one minus the cosine, 0 for the same direction and 1 for the opposite. Whether they agree cannot be told.</summary>
internal static class VectorComparison
{
    public static ComparedAnswers Compare(ReadOnlyMemory<byte> stable, ReadOnlyMemory<byte> candidate)
    {
        var (theirs, ours) = (Read(stable), Read(candidate));
        if (theirs.Count == 0 || ours.Count == 0)
        {
            return default;
        }

        return theirs.Count != ours.Count
            ? new ComparedAnswers(null, 1)
            : new ComparedAnswers(null, theirs.Zip(ours, Distance).Average());
    }

    private static double Distance(double[] a, double[] b)
    {
        if (a.Length != b.Length)
        {
            return 1;
        }

        var (product, left, right) = (0.0, 0.0, 0.0);
        for (var i = 0; i < a.Length; i++)
        {
            product += a[i] * b[i];
            left += a[i] * a[i];
            right += b[i] * b[i];
        }

        var cosine = product / Math.Sqrt(left * right);
        return double.IsNaN(cosine) ? (left.Equals(right) ? 0 : 1) : Math.Clamp((1 - cosine) / 2, 0, 1);
    }

    // Vectors as numbers: those in base64 are not read.
    private static List<double[]> Read(ReadOnlyMemory<byte> json)
    {
        using var document = JsonDocument.Parse(json);
        return
        [
            .. document.RootElement.GetProperty("data").EnumerateArray()
                .Select(d => d.GetProperty("embedding"))
                .Where(e => e.ValueKind == JsonValueKind.Array)
                .Select(e => e.EnumerateArray().Select(n => n.GetDouble()).ToArray()),
        ];
    }
}
