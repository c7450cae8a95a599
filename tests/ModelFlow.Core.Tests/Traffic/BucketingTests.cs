using ModelFlow.Core.Traffic;

namespace ModelFlow.Core.Tests.Traffic;

public sealed class BucketingTests
{
    // Known values of XXH64 with seed 0: routers written in other languages must agree.
    [Fact]
    public void Hash_knownKey_isXxh64OfTheKeySeededByTheSalt()
    {
        Assert.Equal(0xEF46DB3751D8E999UL, Bucketing.SeedOf(""));
        Assert.Equal(0xD24EC4F1A98C6E5BUL, Bucketing.SeedOf("a"));
        Assert.Equal(0xD24EC4F1A98C6E5BUL, Bucketing.Hash(0, "a"));
    }

    [Fact]
    public void BucketOf_manyKeys_fillsEveryBucketEvenly()
    {
        const int Keys = 1_000_000;
        var seed = Bucketing.SeedOf("digits-v1.1.0-mlp-1");
        var buckets = new int[100];
        var subs = new int[Bucketing.SubBuckets];
        for (var i = 0; i < Keys; i++)
        {
            var hash = Bucketing.Hash(seed, "user-" + i);
            buckets[Bucketing.BucketOf(hash) / 100]++;
            subs[Bucketing.SubBucketOf(hash)]++;
        }

        // Chi-squared with 99 and 63 degrees of freedom: 173 and 125 are passed by chance once in 100,000 times.
        Assert.InRange(buckets.Sum(n => Math.Pow(n - (Keys / 100.0), 2) / (Keys / 100.0)), 0, 173);
        Assert.InRange(subs.Sum(n => Math.Pow(n - (Keys / 64.0), 2) / (Keys / 64.0)), 0, 125);
    }

    [Fact]
    public void Hash_longOrOddKey_isTakenWhole()
    {
        var longKey = new string('k', 5_000);
        Assert.NotEqual(Bucketing.Hash(1, longKey), Bucketing.Hash(1, longKey + "x"));
        Assert.Equal(Bucketing.Hash(1, "Grüße \U0001F600"), Bucketing.Hash(1, "Grüße \U0001F600"));
        Assert.InRange(Bucketing.BucketOf(ulong.MaxValue), 0, 9_999);
        Assert.Equal(0, Bucketing.BucketOf(0));
    }
}
