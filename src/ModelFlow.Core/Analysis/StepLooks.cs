using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Serialization;

namespace ModelFlow.Core.Analysis;

/// <summary>
/// Which windows each look of one step took in: with them, what a look found can be computed again from the stored windows. Immutable. A look that found
/// no new window is not in it, as it changed nothing.
/// </summary>
public sealed record StepLooks
{
    /// <summary>The most characters of <see cref="Log"/> over all steps of a ramp: more than a day of looks every 15 seconds at one gateway.</summary>
    public const int MostCharacters = 100_000;

    /// <summary>The route generation of the step.</summary>
    public required long Generation { get; init; }

    /// <summary>The gateways in the order in which they are counted in <see cref="Log"/>.</summary>
    public IReadOnlyList<string> Gateways { get; init; } = [];

    /// <summary>
    /// For each look, ended by <c>;</c>: milliseconds since the look before (of the first: since 1970), how many windows it took in, and by how much the newest
    /// window number of each gateway rose.
    /// </summary>
    public string Log { get; init; } = "";

    /// <summary>Whether there was no room for all looks: the later ones are missing.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool CutOff { get; init; }

    /// <summary>How many looks there are; counted from <see cref="Log"/>.</summary>
    [JsonIgnore]
    public int Count => Log.AsSpan().Count(';');

    /// <summary>Reads the log.</summary>
    /// <exception cref="FormatException">It is not one.</exception>
    public IEnumerable<LoggedLook> Read()
    {
        var numbers = new long[Gateways.Count];
        var at = 0L;
        foreach (var entry in Log.Split(';', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = entry.Split(' ');
            at = checked(at + Number(parts[0]));
            for (var g = 2; g < parts.Length && g - 2 < numbers.Length; g++)
            {
                numbers[g - 2] = checked(numbers[g - 2] + Number(parts[g]));
            }

            yield return new LoggedLook(
                DateTimeOffset.FromUnixTimeMilliseconds(at),
                parts.Length > 1 ? Number(parts[1]) : 0,
                Gateways.Zip(numbers).ToDictionary(p => p.First, p => p.Second, StringComparer.Ordinal));
        }

        static long Number(string text) => long.Parse(text, NumberStyles.None, CultureInfo.InvariantCulture);
    }

    /// <summary>A log of several generations with one more look at the last of them; a look that found nothing, or at another generation than is logged last, changes nothing.</summary>
    /// <param name="looks">The logs, oldest generation first.</param>
    /// <param name="generation">The generation that was looked at.</param>
    /// <param name="windows">How many windows the look took in.</param>
    /// <param name="before">What was taken in of each gateway before it.</param>
    /// <param name="after">And after it.</param>
    /// <param name="now">The time of the look.</param>
    internal static IReadOnlyList<StepLooks> Add(
        IReadOnlyList<StepLooks> looks, long generation, int windows, IReadOnlyDictionary<string, GatewayMark> before, IReadOnlyDictionary<string, GatewayMark> after, DateTimeOffset now)
    {
        // Evidence that began before looks were logged has none of this generation, or half of it.
        if (looks.Count == 0 || looks[^1].Generation != generation)
        {
            return looks;
        }

        var room = MostCharacters - looks.Sum(l => l.Log.Length);
        DateTimeOffset? last = before.Count == 0 ? null : before.Values.Max(g => g.At);
        return [.. looks.SkipLast(1), looks[^1].With(now, last, windows, before, after, room)];
    }

    /// <summary>The logs with an empty one for a generation that begins.</summary>
    internal static IReadOnlyList<StepLooks> Begin(IReadOnlyList<StepLooks> looks, long generation) =>
        [.. looks, new StepLooks { Generation = generation, CutOff = looks.Any(l => l.CutOff) }];

    /// <summary>With one more look.</summary>
    /// <param name="at">When.</param>
    /// <param name="last">When the look before was, to the millisecond; null for the first.</param>
    /// <param name="windows">How many windows it took in.</param>
    /// <param name="before">The newest window number of each gateway before it.</param>
    /// <param name="after">And after it.</param>
    /// <param name="room">How many characters the log may still grow by.</param>
    internal StepLooks With(
        DateTimeOffset at, DateTimeOffset? last, int windows, IReadOnlyDictionary<string, GatewayMark> before, IReadOnlyDictionary<string, GatewayMark> after, int room)
    {
        if (CutOff)
        {
            return this;
        }

        var gateways = Gateways.Concat(after.Keys.Except(Gateways, StringComparer.Ordinal).Order(StringComparer.Ordinal)).ToList();
        var entry = new StringBuilder();
        entry.Append(CultureInfo.InvariantCulture, $"{Math.Max(0, at.ToUnixTimeMilliseconds() - (last?.ToUnixTimeMilliseconds() ?? 0))} {windows}");
        foreach (var gateway in gateways)
        {
            entry.Append(CultureInfo.InvariantCulture, $" {Math.Max(0, after.GetValueOrDefault(gateway).Number - before.GetValueOrDefault(gateway).Number)}");
        }

        entry.Append(';');
        return entry.Length > room
            ? this with { CutOff = true }
            : this with { Gateways = gateways, Log = Log + entry };
    }
}

/// <summary>One look of a <see cref="StepLooks"/>.</summary>
/// <param name="At">When, to the millisecond.</param>
/// <param name="Windows">How many windows it took in.</param>
/// <param name="Numbers">The newest window number taken in so far of each gateway.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct LoggedLook(DateTimeOffset At, long Windows, IReadOnlyDictionary<string, long> Numbers);
