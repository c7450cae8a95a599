using System.Xml.Linq;
using ModelFlow.Benchmarks.Analysis;
using ModelFlow.Benchmarks.Analysis.Plots;
using ModelFlow.Benchmarks.Analysis.Rivals;

namespace ModelFlow.Benchmarks.Tests.Analysis.Plots;

public sealed class AnalysisPlotsTests
{
    [Fact]
    public void Figures_are_drawn_and_drawn_again_from_what_was_written()
    {
        var folder = Directory.CreateTempSubdirectory("plots").FullName;
        try
        {
            var results = new AnalysisResults { Seed = "x", Budget = 0.05 };
            results.FalseAlarms.Add(new AlarmCount("HeavyTailed", "no difference", 3, 200));
            results.Detections.Add(new Detection("errors 1 % → 2 %", Rules.Ours, 10, 9, new Spread(100, 200, 120), new Spread(5, 9, 6)));
            results.Health.Add(new UntilHealthy("errors of 0 %", 0.01, 10, 10, new Spread(300, 310, 301)));
            results.Example.Add(new ExampleLook(1, 3, 0, -0.5, 0.5, 0.9, 100));
            results.Example.Add(new ExampleLook(60, 150, 0.03, 0, 0.08, 120, 100));

            AnalysisPlots.Write(folder, "all", results);
            var first = Directory.EnumerateFiles(folder, "*.svg").Order(StringComparer.Ordinal).ToDictionary(f => f, File.ReadAllText);
            foreach (var file in first.Keys)
            {
                File.Delete(file);
            }

            AnalysisPlots.Redraw(folder);

            Assert.Equal(["detection.svg", "example.svg", "false-alarms.svg", "health.svg"], first.Keys.Select(Path.GetFileName));
            foreach (var (file, svg) in first)
            {
                Assert.Equal(svg, File.ReadAllText(file));
                Assert.Equal("svg", XDocument.Parse(svg).Root!.Name.LocalName);
                Assert.Contains("prefers-color-scheme: dark", svg, StringComparison.Ordinal);
                Assert.DoesNotContain("NaN", svg, StringComparison.Ordinal);
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // Wilson, 1927: 0 of 10 has the upper bound z² / (n + z²).
    [Fact]
    public void Interval_of_no_alarm_is_not_empty()
    {
        var (low, high) = new AlarmCount("", "", 0, 10).Interval();

        Assert.Equal(0, low);
        Assert.Equal(1.96 * 1.96 / (10 + (1.96 * 1.96)), high, 9);
    }
}
