using ModelFlow.TextEngine.Model;

namespace ModelFlow.TextEngine.Tests;

public sealed class ProbabilitiesTests
{
    [Fact]
    public void Score_isTheLogarithmOfTheShare()
    {
        float[] logits = [(float)Math.Log(1), (float)Math.Log(3), (float)Math.Log(4)];
        Assert.Equal(Math.Log(3 / 8.0), Probabilities.Score(logits, 1, 0).LogProbability!.Value, 1e-6);
        Assert.Equal([2, 1], Probabilities.Score(logits, 0, 2).Top.Select(t => t.Token));
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void Score_brokenModel_fails(float value) => Assert.Throws<ModelFailedException>(() => Probabilities.Score([1, value, 2], 0, 0));

    [Fact]
    public void Draw_followsTheShares()
    {
        float[] logits = [(float)Math.Log(1), (float)Math.Log(3), (float)Math.Log(4)];
        var random = new Random(7);
        var counts = new int[3];
        for (var i = 0; i < 8_000; i++)
        {
            counts[Probabilities.Draw(logits, 1, 1, random)]++;
        }

        Assert.InRange(counts[0], 850, 1_150);
        Assert.InRange(counts[1], 2_800, 3_200);
    }

    [Fact]
    public void Draw_topP_leavesTheTailOut()
    {
        float[] logits = [(float)Math.Log(1), (float)Math.Log(3), (float)Math.Log(4)];
        var random = new Random(7);
        Assert.DoesNotContain(0, Enumerable.Range(0, 2_000).Select(_ => Probabilities.Draw(logits, 1, 0.8, random)));
    }
}
