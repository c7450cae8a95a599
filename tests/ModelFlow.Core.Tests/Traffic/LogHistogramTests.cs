using System.Text.Json;
using CsCheck;
using ModelFlow.Core.Serialization;
using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Traffic;

public sealed class LogHistogramTests
{
    private static readonly Gen<double[]> Durations = Gen.Double[0, 1e9].Array[1, 200];

    // Log-uniform: every magnitude from 1 microsecond to 1,000 seconds.
    private static readonly Gen<double[]> Magnitudes = Gen.Double[0, 20.7].Select(Math.Exp).Array[1, 200];

    [Fact]
    public void Quantile_anyDurations_withinOnePercentOfTheTrueOne() => Gen.Select(Magnitudes, Gen.Double[0, 1]).Sample((values, q) =>
    {
        var sorted = values.Order().ToArray();
        var exact = sorted[Math.Clamp((int)Math.Ceiling(q * sorted.Length), 1, sorted.Length) - 1];
        Assert.InRange(Of(values).Quantile(q)!.Value, (exact * 0.99) - 1e-6, (exact * 1.01) + 1e-6);
    });

    [Fact]
    public void BinOf_anyDuration_liesBetweenTheBinsEdges() => Gen.Double[0, 20].Select(Math.Exp).Sample(value =>
    {
        var bin = LogHistogram.BinOf(value);
        Assert.InRange(value, LogHistogram.LowerEdge(bin) * (1 - 1e-12), LogHistogram.UpperEdge(bin) * (1 + 1e-12));
    });

    [Fact]
    public void Merge_twoHistograms_equalsCountingAllInOne() => Gen.Select(Durations, Durations).Sample((a, b) =>
        Assert.Equal(Of([.. a, .. b]), Of(a).Merge(Of(b))));

    [Fact]
    public void Json_anyHistogram_comesBackTheSame() => Magnitudes.Sample(values =>
    {
        var histogram = Of(values);
        var json = JsonSerializer.Serialize(histogram, CoreJson.Options);
        Assert.Equal(histogram, JsonSerializer.Deserialize<LogHistogram>(json, CoreJson.Options));
        Assert.Equal(values.Length, histogram.Count);
    });

    [Theory]
    [InlineData(double.NaN, 0)]
    [InlineData(-5, 0)]
    [InlineData(0, 0)]
    [InlineData(1, 0)]
    [InlineData(double.PositiveInfinity, LogHistogram.LastBin)]
    [InlineData(1e300, LogHistogram.LastBin)]
    public void BinOf_valueOutsideTheRange_goesToAnEnd(double value, int bin) => Assert.Equal(bin, LogHistogram.BinOf(value));

    [Fact]
    public void Build_everyBin_keepsEveryQuantile()
    {
        var values = Enumerable.Range(0, LogHistogram.LastBin).Select(LogHistogram.ValueOf).ToArray();
        var histogram = Of(values);

        Assert.Equal(values.Length, histogram.Bins.Length);
        Assert.All(values.Index(), v => Assert.Equal(v.Item, histogram.Quantile((v.Index + 1.0) / values.Length)!.Value, 1e-9 * v.Item));
        Assert.Equal(histogram, JsonSerializer.Deserialize<LogHistogram>(JsonSerializer.Serialize(histogram, CoreJson.Options), CoreJson.Options));
    }

    [Fact]
    public void Quantile_empty_isNull() => Assert.Null(LogHistogram.Empty.Quantile(0.5));

    [Theory]
    [InlineData("\"AA==\"")] // a bin without a count
    [InlineData("\"AAA=\"")] // a count of zero
    [InlineData("\"AAEAAQ==\"")] // the same bin twice
    [InlineData("\"gIABAQ==\"")] // a bin beyond the last
    [InlineData("\"gA==\"")] // cut in a number
    [InlineData("\"%%\"")]
    [InlineData("5")]
    public void Json_malformed_isRefused(string json) =>
        Assert.Throws<JsonException>(() => JsonSerializer.Deserialize<LogHistogram>(json, CoreJson.Options));

    [Fact]
    public void Clear_usedAgain_countsFromZero()
    {
        var builder = new LogHistogramBuilder();
        builder.Add(10);
        builder.Clear();
        builder.Add(1000);
        Assert.Equal(Of([1000]), builder.Build());
    }

    private static LogHistogram Of(double[] values)
    {
        var builder = new LogHistogramBuilder();
        foreach (var value in values)
        {
            builder.Add(value);
        }

        return builder.Build();
    }
}
