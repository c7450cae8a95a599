using ModelFlow.Core.Naming;
using ModelFlow.Core.Ports;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every store of policies, data sets and reports must do.</summary>
public abstract class DocumentStoresContract
{
    private readonly string _unique = Unique.Label("digits");

    protected abstract IPolicyStore Policies { get; }

    protected abstract IDatasetStore Datasets { get; }

    protected abstract IReportStore Reports { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Policy_of_the_model_goes_before_the_default()
    {
        var model = ModelName.Parse(_unique);
        var fallback = await Policies.SetAsync(null, $"# default {_unique}", Cancel);
        Assert.Equal(new StoredPolicy(fallback, $"# default {_unique}"), await Policies.FindForAsync(model, Cancel));
        Assert.Equal(new StoredPolicy(fallback, $"# default {_unique}"), await Policies.FindDefaultAsync(Cancel));

        var own = await Policies.SetAsync(model, $"# größer {_unique}", Cancel);
        Assert.Equal(new StoredPolicy(own, $"# größer {_unique}"), await Policies.FindForAsync(model, Cancel));
        Assert.Equal(fallback, (await Policies.FindDefaultAsync(Cancel))!.Digest);

        var next = await Policies.SetAsync(model, $"# next {_unique}", Cancel);
        Assert.Equal(next, (await Policies.FindForAsync(model, Cancel))!.Digest);
        Assert.Equal($"# größer {_unique}", await Policies.GetAsync(own, Cancel));
        Assert.Equal(Sha256Digest.Of($"# größer {_unique}"), own);
    }

    [Fact]
    public async Task Policy_that_is_set_again_is_the_same()
    {
        var model = ModelName.Parse(_unique);
        var first = await Policies.SetAsync(model, $"# one {_unique}", Cancel);
        await Policies.SetAsync(model, $"# two {_unique}", Cancel);

        Assert.Equal(first, await Policies.SetAsync(model, $"# one {_unique}", Cancel));
        Assert.Equal(first, (await Policies.FindForAsync(model, Cancel))!.Digest);
    }

    [Fact]
    public async Task Policy_that_nobody_set_is_null() => Assert.Null(await Policies.GetAsync(Sha256Digest.Of(_unique), Cancel));

    [Theory]
    [InlineData(0)]
    [InlineData(1_000)]
    [InlineData((8 << 20) - 1)]
    [InlineData(8 << 20)]
    [InlineData((20 << 20) + 7)]
    public async Task Data_set_keeps_its_first_bytes(int size)
    {
        var path = $"{_unique}/eval größer.csv";
        var bytes = Bytes(size, seed: 1);

        Assert.Equal(Sha256Digest.Of(bytes), await Datasets.AddAsync(path, new MemoryStream(bytes), Cancel));
        Assert.Equal(Sha256Digest.Of(bytes), await Datasets.AddAsync(path, new OneByOne(bytes), Cancel));
        Assert.Null(await Datasets.AddAsync(path, new MemoryStream(Bytes(size + 1, seed: 2)), Cancel));

        Assert.NotNull(await Datasets.GrantReadAsync(path, TimeSpan.FromMinutes(1), Cancel));
        Assert.Equal(Sha256Digest.Of(bytes), Sha256Digest.Of(await Datasets.ReadStartAsync(path, size + 1, Cancel)));
        Assert.Equal(Sha256Digest.Of(bytes.AsSpan(0, size / 2)), Sha256Digest.Of(await Datasets.ReadStartAsync(path, size / 2, Cancel)));
    }

    [Fact]
    public async Task Data_set_that_is_not_there_has_no_grant_and_no_bytes()
    {
        Assert.Null(await Datasets.GrantReadAsync($"{_unique}/none.csv", TimeSpan.FromMinutes(1), Cancel));
        Assert.Null(await Datasets.ReadStartAsync($"{_unique}/none.csv", 1, Cancel));
    }

    [Fact]
    public async Task Report_is_kept_once_and_read_back()
    {
        var release = ReleaseId.Parse($"{_unique}-v1.0.0-1");

        Assert.True(await Reports.AddAsync(release, "evaluation.json", new MemoryStream("one"u8.ToArray()), Cancel));
        Assert.True(await Reports.AddAsync(release, "evaluation.json", new MemoryStream("one"u8.ToArray()), Cancel));
        Assert.False(await Reports.AddAsync(release, "evaluation.json", new MemoryStream("two"u8.ToArray()), Cancel));
        Assert.True(await Reports.AddAsync(release, "a/predictions.parquet", new MemoryStream(Bytes(100_000, 1)), Cancel));

        await using var stream = (await Reports.OpenAsync(release, "evaluation.json", Cancel))!;
        using var reader = new StreamReader(stream);
        Assert.Equal("one", await reader.ReadToEndAsync(Cancel));
        Assert.Equal(["a/predictions.parquet", "evaluation.json"], await Reports.ListAsync(release, Cancel).ToListAsync(Cancel));
        Assert.Null(await Reports.OpenAsync(release, "none.json", Cancel));
        Assert.Empty(await Reports.ListAsync(release with { Attempt = 11 }, Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task Racing_reports_let_one_content_stand()
    {
        var release = ReleaseId.Parse($"{_unique}-v1.0.0-2");

        var kept = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Reports.AddAsync(release, "r", new MemoryStream([(byte)i]), Cancel)));

        Assert.Single(kept, k => k);
    }

    private static byte[] Bytes(int size, int seed)
    {
        var bytes = new byte[size];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    /// <summary>A stream that cannot seek and gives little at a time, as one from the network.</summary>
    private sealed class OneByOne(byte[] bytes) : MemoryStream(bytes)
    {
        public override bool CanSeek => false;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => base.ReadAsync(buffer[..Math.Min(buffer.Length, 60_000)], cancellationToken);
    }
}
