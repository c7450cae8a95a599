using ModelFlow.Core.Ports;

namespace ModelFlow.Storage.Tests.Contracts;

/// <summary>What every place for anchors must do.</summary>
public abstract class AuditArchiveContract
{
    private readonly string _folder = Unique.Label("anchors") + "/";

    protected abstract IAuditArchive Archive { get; }

    protected static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Document_is_written_once()
    {
        Assert.True(await Archive.AddAsync(_folder + "1.json", "größer", Cancel));
        Assert.True(await Archive.AddAsync(_folder + "1.json", "größer", Cancel));
        Assert.False(await Archive.AddAsync(_folder + "1.json", "other", Cancel));

        Assert.Equal("größer", await Archive.FindAsync(_folder + "1.json", Cancel));
        Assert.Null(await Archive.FindAsync(_folder + "2.json", Cancel));
    }

    [Fact]
    public async Task One_of_many_writers_is_first()
    {
        var added = await Task.WhenAll(Enumerable.Range(0, 10).Select(i => Archive.AddAsync(_folder + "1.json", $"{i}", Cancel)));

        var winner = Assert.Single(Enumerable.Range(0, 10), i => added[i]);
        Assert.Equal($"{winner}", await Archive.FindAsync(_folder + "1.json", Cancel));
    }

    [Fact]
    public async Task Documents_are_listed_in_order_of_their_paths()
    {
        foreach (var number in new[] { 3, 1, 2 })
        {
            await Archive.AddAsync($"{_folder}{number:D10}.json", "x", Cancel);
        }

        Assert.Equal([1, 2, 3], await Archive.ListAsync(_folder, Cancel).Select(p => int.Parse(p[_folder.Length..^5], System.Globalization.CultureInfo.InvariantCulture)).ToListAsync(Cancel));
    }
}
