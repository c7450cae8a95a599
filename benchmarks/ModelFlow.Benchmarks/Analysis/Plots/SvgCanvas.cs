using System.Globalization;
using System.Net;
using System.Text;

namespace ModelFlow.Benchmarks.Analysis.Plots;

/// <summary>
/// Draws lines, points and text as SVG. Colours are classes that follow the reader's light or dark mode; coordinates are pixels.
/// </summary>
internal sealed class SvgCanvas(int width, int height)
{
    // Colours that also those tell apart who see few (Okabe and Ito, "Color Universal Design", 2008).
    private const string Style = """
        svg { font: 13px system-ui, sans-serif; }
        .paper { fill: #ffffff; } .ink { fill: #1f2328; } .faint { fill: #59636e; }
        .axis { stroke: #818b98; } .grid { stroke: #d1d9e0; } .limit { stroke: #cf222e; stroke-dasharray: 6 4; }
        .c0 { stroke: #0072b2; fill: #0072b2; } .c1 { stroke: #d55e00; fill: #d55e00; } .c2 { stroke: #e69f00; fill: #e69f00; }
        .c3 { stroke: #8c6d1f; fill: #8c6d1f; } .c4 { stroke: #009e73; fill: #009e73; } .c5 { stroke: #cc79a7; fill: #cc79a7; }
        .band { stroke: none; opacity: 0.2; } .line { fill: none; stroke-width: 2; } .hollow { fill: #ffffff; stroke-width: 2; }
        @media (prefers-color-scheme: dark) {
          .paper { fill: #0d1117; } .ink { fill: #e6edf3; } .faint { fill: #9198a1; }
          .axis { stroke: #9198a1; } .grid { stroke: #30363d; } .limit { stroke: #ff7b72; }
          .c0 { stroke: #56b4e9; fill: #56b4e9; } .c1 { stroke: #ff9248; fill: #ff9248; } .c2 { stroke: #f0c244; fill: #f0c244; }
          .c3 { stroke: #c9a95a; fill: #c9a95a; } .c4 { stroke: #2fc69b; fill: #2fc69b; } .c5 { stroke: #e6a3c8; fill: #e6a3c8; }
          .line { fill: none; } .hollow { fill: #0d1117; }
        }
        """;

    private readonly StringBuilder _body = new();

    /// <summary>A straight line.</summary>
    public void Line(double x1, double y1, double x2, double y2, string style, double thickness = 1) =>
        Add($"""<line x1="{x1:0.#}" y1="{y1:0.#}" x2="{x2:0.#}" y2="{y2:0.#}" class="{style}" stroke-width="{thickness}"/>""");

    /// <summary>A round mark.</summary>
    public void Dot(double x, double y, string style, double radius = 5) => Add($"""<circle cx="{x:0.#}" cy="{y:0.#}" r="{radius}" class="{style}"/>""");

    /// <summary>A curve through points.</summary>
    public void Curve(IEnumerable<(double X, double Y)> points, string style) => Add($"""<polyline points="{Text(points)}" class="{style} line"/>""");

    /// <summary>A filled outline.</summary>
    public void Area(IEnumerable<(double X, double Y)> points, string style) => Add($"""<polygon points="{Text(points)}" class="{style} band"/>""");

    /// <summary>Text at a point; anchor is start, middle or end.</summary>
    public void Write(double x, double y, string text, string style = "ink", string anchor = "start", bool bold = false) =>
        Add($"""<text x="{x:0.#}" y="{y:0.#}" class="{style}" text-anchor="{anchor}"{(bold ? " font-weight=\"600\"" : "")}>{WebUtility.HtmlEncode(text)}</text>""");

    /// <summary>The picture, with what it shows for those who cannot see it.</summary>
    public string ToSvg(string title) => string.Create(CultureInfo.InvariantCulture, $"""
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img">
        <title>{WebUtility.HtmlEncode(title)}</title>
        <style>
        {Style}
        </style>
        <rect width="{width}" height="{height}" class="paper"/>
        {_body}</svg>

        """).Replace("\r", "", StringComparison.Ordinal);

    private static string Text(IEnumerable<(double X, double Y)> points) =>
        string.Join(' ', points.Select(p => string.Create(CultureInfo.InvariantCulture, $"{p.X:0.#},{p.Y:0.#}")));

    private void Add(FormattableString element) => _body.Append(element.ToString(CultureInfo.InvariantCulture)).Append('\n');
}

/// <summary>Places values along an axis.</summary>
/// <param name="From">The value at <paramref name="Start"/>; above 0 when logarithmic.</param>
/// <param name="To">The value at <paramref name="End"/>.</param>
/// <param name="Start">A pixel.</param>
/// <param name="End">A pixel.</param>
/// <param name="Logarithmic">Whether equal ratios are equal distances.</param>
internal sealed record Axis(double From, double To, double Start, double End, bool Logarithmic = false)
{
    /// <summary>Where a value lies; what is beyond the ends lies at them.</summary>
    public double At(double value)
    {
        var v = Math.Clamp(value, Math.Min(From, To), Math.Max(From, To));
        var share = Logarithmic ? Math.Log(v / From) / Math.Log(To / From) : (v - From) / (To - From);
        return Start + (share * (End - Start));
    }

    /// <summary>The powers of ten within a logarithmic axis.</summary>
    public IEnumerable<double> Decades()
    {
        for (var v = Math.Pow(10, Math.Ceiling(Math.Log10(From) - 1e-9)); v <= To * 1.0000001; v *= 10)
        {
            yield return v;
        }
    }
}
