using System.Globalization;
using ModelFlow.Benchmarks.Analysis.Rivals;

namespace ModelFlow.Benchmarks.Analysis.Plots;

/// <summary>The pictures of <c>docs/analysis.md</c>.</summary>
internal static class AnalysisPlots
{
    private static readonly string[] RuleOrder = [Rules.Ours, Rules.Flagger, Rules.FlaggerTuned5, Rules.FlaggerTuned1, Rules.Kayenta, Rules.KayentaTuned];

    /// <summary>Writes the figures of a part, and the pictures that they are enough for.</summary>
    public static void Write(string folder, string part, AnalysisResults results)
    {
        Directory.CreateDirectory(folder);
        File.WriteAllText(Path.Combine(folder, $"{part}.json"), results.ToJson());
        Draw(folder, results);
    }

    /// <summary>Draws again what an earlier run measured.</summary>
    public static void Redraw(string folder)
    {
        foreach (var file in Directory.EnumerateFiles(folder, "*.json"))
        {
            Draw(folder, AnalysisResults.Parse(File.ReadAllText(file)));
        }
    }

    private static void Draw(string folder, AnalysisResults results)
    {
        Save("false-alarms.svg", results.FalseAlarms.Count, () => FalseAlarms(results));
        Save("detection.svg", results.Detections.Count, () => Detection(results));
        Save("example.svg", results.Example.Count, () => Example(results));
        Save("health.svg", results.Health.Count, () => Health(results));

        void Save(string name, int count, Func<string> draw)
        {
            if (count > 0)
            {
                File.WriteAllText(Path.Combine(folder, name), draw());
            }
        }
    }

    private static string Number(double value) => value.ToString("#,0.#####", CultureInfo.InvariantCulture);

    private static string FalseAlarms(AnalysisResults results)
    {
        const int Row = 44;
        var shapes = results.FalseAlarms.Select(a => a.What).Distinct(StringComparer.Ordinal).ToList();
        var kinds = results.FalseAlarms.Select(a => a.Of).Distinct(StringComparer.Ordinal).ToList();
        var most = Math.Max(results.Budget, results.FalseAlarms.Max(a => a.Interval().High)) * 1.2;
        var bottom = 70 + (shapes.Count * Row);
        var canvas = new SvgCanvas(760, bottom + 50);
        var x = new Axis(0, most * 100, 160, 730);
        canvas.Write(20, 26, "Share of ramps stopped though nothing is worse than tolerated", bold: true);
        for (var k = 0; k < kinds.Count; k++)
        {
            canvas.Dot(166 + (k * 150), 46, Colour(k));
            canvas.Write(176 + (k * 150), 51, kinds[k], "faint");
        }

        for (var percent = 0; percent <= most * 100; percent++)
        {
            canvas.Line(x.At(percent), 62, x.At(percent), bottom, "grid");
            canvas.Write(x.At(percent), bottom + 18, $"{percent} %", "faint", "middle");
        }

        canvas.Line(x.At(results.Budget * 100), 62, x.At(results.Budget * 100), bottom, "limit", 2);
        canvas.Write(x.At(results.Budget * 100) - 6, bottom + 36, "the stated budget", "ink", "middle");
        canvas.Write(160, bottom + 36, "bars: 95 % interval", "faint");
        for (var s = 0; s < shapes.Count; s++)
        {
            canvas.Write(150, 94 + (s * Row), Words(shapes[s]), "ink", "end");
            for (var k = 0; k < kinds.Count; k++)
            {
                if (results.FalseAlarms.Find(a => a.What == shapes[s] && a.Of == kinds[k]) is { } count)
                {
                    var y = 82 + (s * Row) + (k * 15);
                    var (low, high) = count.Interval();
                    canvas.Line(x.At(low * 100), y, x.At(high * 100), y, Colour(k), 3);
                    canvas.Dot(x.At(count.Share * 100), y, Colour(k));
                    canvas.Write(x.At(high * 100) + 8, y + 5, $"{count.Alarms} of {Number(count.Ramps)}", "faint");
                }
            }
        }

        return canvas.ToSvg("Share of ramps stopped without cause, by traffic, against the budget");
    }

    private static string Detection(AnalysisResults results)
    {
        const int Group = 92;
        const int Line = 13;
        var harms = results.Detections.Select(d => d.Harm).Distinct(StringComparer.Ordinal).ToList();
        var rules = RuleOrder.Where(r => results.Detections.Exists(d => d.Rule == r)).ToList();
        var bottom = 118 + (harms.Count * Group);
        var canvas = new SvgCanvas(860, bottom + 50);
        var x = new Axis(1, Math.Pow(10, Math.Ceiling(Math.Log10(results.Detections.Max(d => d.Harmed.P90) + 1))), 170, 830, Logarithmic: true);
        canvas.Write(20, 26, "Users harmed until the rollback: median (dot) to 90th percentile (end of the line)", bold: true);
        canvas.Write(20, 46, "Hollow: the harm was not found in every ramp; what was not found counts with all of the ramp", "faint");
        for (var r = 0; r < rules.Count; r++)
        {
            var (column, row) = (r % 3, r / 3);
            canvas.Dot(176 + (column * 225), 66 + (row * 20), Colour(r));
            canvas.Write(186 + (column * 225), 71 + (row * 20), rules[r], "ink");
        }

        foreach (var decade in x.Decades())
        {
            canvas.Line(x.At(decade), 102, x.At(decade), bottom, "grid");
            canvas.Write(x.At(decade), bottom + 18, Number(decade), "faint", "middle");
        }

        canvas.Write(500, bottom + 38, "users", "faint", "middle");
        for (var h = 0; h < harms.Count; h++)
        {
            var top = 112 + (h * Group);
            canvas.Line(20, top - 6, 830, top - 6, "grid");
            canvas.Write(160, top + 42, harms[h], "ink", "end");
            for (var r = 0; r < rules.Count; r++)
            {
                if (results.Detections.Find(d => d.Harm == harms[h] && d.Rule == rules[r]) is { } found)
                {
                    var y = top + 8 + (r * Line);
                    canvas.Line(x.At(found.Harmed.Median), y, x.At(found.Harmed.P90), y, Colour(r), 3);
                    canvas.Dot(x.At(found.Harmed.Median), y, found.Found == found.Ramps ? Colour(r) : $"{Colour(r)} hollow", 4);
                }
            }
        }

        return canvas.ToSvg("Users harmed until the rollback, by harm and rule");
    }

    private static string Example(AnalysisResults results)
    {
        var looks = results.Example;
        var canvas = new SvgCanvas(760, 520);
        var x = new Axis(0, looks[^1].Second, 90, 730);
        var shown = looks.Where(l => l.High - l.Low < 1.2).ToList();
        var difference = new Axis(-0.04, 0.10, 250, 60);
        canvas.Write(20, 28, "One ramp: 3 % fail where 1 % fail with stable; nothing worse is tolerated", bold: true);
        canvas.Write(20, 48, "error rate, candidate less stable: measured, and its interval", "faint");
        foreach (var tick in new[] { -0.04, 0, 0.02, 0.05, 0.1 })
        {
            canvas.Line(90, difference.At(tick), 730, difference.At(tick), tick == 0 ? "axis" : "grid");
            canvas.Write(82, difference.At(tick) + 4, string.Create(CultureInfo.InvariantCulture, $"{tick * 100:0} %"), "faint", "end");
        }

        canvas.Area([.. shown.Select(l => (x.At(l.Second), difference.At(l.High))), .. shown.AsEnumerable().Reverse().Select(l => (x.At(l.Second), difference.At(l.Low)))], Colour(0));
        canvas.Curve(shown.Select(l => (x.At(l.Second), difference.At(l.Difference))), Colour(0));

        var evidence = new Axis(0.01, looks.Max(l => l.Needed) * 5, 460, 300, Logarithmic: true);
        canvas.Write(20, 285, "evidence of harm", "faint");
        foreach (var decade in evidence.Decades())
        {
            canvas.Line(90, evidence.At(decade), 730, evidence.At(decade), decade == 1 ? "axis" : "grid");
            canvas.Write(82, evidence.At(decade) + 4, Number(decade), "faint", "end");
        }

        canvas.Line(90, evidence.At(looks[0].Needed), 730, evidence.At(looks[0].Needed), "limit", 2);
        canvas.Write(96, evidence.At(looks[0].Needed) - 6, $"needed: {Number(looks[0].Needed)}");
        canvas.Curve(looks.Select(l => (x.At(l.Second), evidence.At(l.Evidence))), Colour(1));
        canvas.Dot(x.At(looks[^1].Second), evidence.At(looks[^1].Evidence), Colour(1), 6);
        canvas.Write(722, evidence.At(looks[^1].Evidence) - 10, $"stopped after {Number(looks[^1].Requests)} requests of the candidate", "ink", "end");
        for (var i = 0; i <= 4; i++)
        {
            var second = Math.Round(looks[^1].Second * i / 4.0);
            canvas.Write(x.At(second), 480, $"{Number(second)} s", "faint", "middle");
        }

        canvas.Write(410, 504, "time in the step of 5 %, 3,000 requests a minute in all", "faint", "middle");
        return canvas.ToSvg("Difference of error rates with its interval, and the evidence of harm, until a ramp is stopped");
    }

    private static string Health(AnalysisResults results)
    {
        var canvas = new SvgCanvas(860, 400);
        canvas.Write(20, 26, "The candidate's requests until it is healthy: median (line) and 90th percentile (dashes above)", bold: true);
        var most = Math.Pow(10, Math.Ceiling(Math.Log10(results.Health.Max(h => h.Requests.P90))));
        Panel(90, 430, "tolerated increase of the error rate, points", v => v * 100, ["errors of 0 %", "errors of 1 %"], new Axis(0.4, 15, 90, 420, Logarithmic: true), [0.5, 1, 2, 5, 12]);
        Panel(510, 850, "tolerated increase of the latency, %", v => (v - 1) * 100, ["latency p50", "latency p95"], new Axis(8, 250, 510, 840, Logarithmic: true), [10, 20, 50, 100, 200]);
        return canvas.ToSvg("Requests until a harmless candidate is healthy, by tolerance");

        void Panel(double left, double right, string title, Func<double, double> shown, string[] series, Axis x, double[] ticks)
        {
            var y = new Axis(10, most, 340, 70, Logarithmic: true);
            foreach (var decade in y.Decades())
            {
                canvas.Line(left, y.At(decade), right, y.At(decade), "grid");
                canvas.Write(left - 8, y.At(decade) + 4, Number(decade), "faint", "end");
            }

            foreach (var tick in ticks)
            {
                canvas.Write(x.At(tick), 360, Number(tick), "faint", "middle");
            }

            canvas.Write((left + right) / 2, 384, title, "faint", "middle");
            for (var s = 0; s < series.Length; s++)
            {
                var colour = Colour(s);
                var points = results.Health.Where(h => h.Series == series[s]).OrderBy(h => h.Tolerance).ToList();
                canvas.Curve(points.Select(p => (x.At(shown(p.Tolerance)), y.At(p.Requests.Median))), colour);
                foreach (var p in points)
                {
                    var at = x.At(shown(p.Tolerance));
                    canvas.Line(at, y.At(p.Requests.Median), at, y.At(p.Requests.P90), colour, 2);
                    canvas.Line(at - 5, y.At(p.Requests.P90), at + 5, y.At(p.Requests.P90), colour, 2);
                    canvas.Dot(at, y.At(p.Requests.Median), colour, 4);
                }

                canvas.Dot(left + 206, 56 + (s * 18), colour);
                canvas.Write(left + 216, 61 + (s * 18), series[s]);
            }
        }
    }

    private static string Colour(int index) => $"c{index}";

    private static string Words(string shape) => string.Concat(shape.Select((c, i) => char.IsUpper(c) && i > 0 ? $" {char.ToLowerInvariant(c)}" : $"{char.ToLowerInvariant(c)}"));
}
