using ModelFlow.Core.Naming;

namespace ModelFlow.Core.Approvals;

/// <summary>Before what people are asked: the ramp, a weight of it, the promotion, or the ramp of a version whose signature breaks.</summary>
public readonly record struct ApprovalPoint
{
    private readonly string? _text;

    private ApprovalPoint(string text, Weight? weight = null) => (_text, Weight) = (text, weight);

    /// <summary>Before any traffic.</summary>
    public static ApprovalPoint Ramp { get; } = new("ramp");

    /// <summary>Before any traffic of a version whose inputs or outputs break with the stable version's; nothing is asked for another one.</summary>
    public static ApprovalPoint BreakingSignature { get; } = new("breakingSignature");

    /// <summary>Before the version becomes stable.</summary>
    public static ApprovalPoint Promotion { get; } = new("promotion");

    /// <summary>The share of traffic that is asked about; null for the other points.</summary>
    public Weight? Weight { get; }

    /// <summary>Before the version gets this share of traffic.</summary>
    public static ApprovalPoint Of(Weight weight) => new(weight.ToString(), weight);

    /// <summary>Parses <c>ramp</c>, <c>breakingSignature</c>, <c>promotion</c>, or a share as <see cref="Naming.Weight"/> writes it: <c>25 %</c>.</summary>
    /// <exception cref="FormatException">It is none of them.</exception>
    public static ApprovalPoint Parse(string text) =>
        TryParseWord(text, out var point) ? point
        : text.EndsWith(" %", StringComparison.Ordinal) && decimal.TryParse(text[..^2], System.Globalization.CultureInfo.InvariantCulture, out var percent) && percent is > 0 and <= 100
            ? Of(new Weight((int)(percent * 100)))
            : throw new FormatException($"'{text}' is not a point at which people are asked.");

    /// <summary>The text, as <see cref="Parse"/> reads it.</summary>
    public override string ToString() => _text ?? "ramp";

    internal static bool TryParseWord(string text, out ApprovalPoint point)
    {
        foreach (var known in (ApprovalPoint[])[Ramp, BreakingSignature, Promotion])
        {
            if (string.Equals(known._text, text, StringComparison.Ordinal))
            {
                point = known;
                return true;
            }
        }

        point = default;
        return false;
    }
}
