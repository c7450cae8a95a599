using System.Text.Json.Nodes;
using Azure.Data.Tables;
using ModelFlow.Core.Ports;
using ModelFlow.Storage.Tables;

namespace ModelFlow.Storage.Tests.Tables;

public sealed class RowDocumentTests
{
    private static readonly RowDocument<Note> Document = new("note");

    [Fact]
    public void Small_value_is_one_readable_property()
    {
        var row = Document.Write(new TableEntity("p", "r"), new Note("größer"));

        Assert.Contains("gr", row.GetString("note"), StringComparison.Ordinal);
        Assert.Equal(1, row.GetInt32("noteSchema"));
        Assert.Equal(new Note("größer"), Document.Read(row));
    }

    [Theory]
    [InlineData(29_000)]
    [InlineData(31_000)]
    [InlineData(3_000_000)]
    public void Value_of_any_size_stays_within_the_services_limits(int length)
    {
        var note = new Note(Text(length));
        var row = Document.Write(new TableEntity("p", "r"), note);

        Assert.All(row.Select(p => p.Value), v => Assert.True(v is not string s || s.Length * 2 <= 64 * 1024));
        Assert.All(row.Select(p => p.Value), v => Assert.True(v is not byte[] b || b.Length <= 64 * 1024));
        Assert.True(RowDocument.SizeOf(row) <= 1_400_000);
        Assert.Equal(note, Document.Read(row));
    }

    [Fact]
    public void Value_that_is_too_big_for_a_row_is_refused_before_it_is_sent()
    {
        var e = Assert.Throws<StorageException>(() => Document.Write(new TableEntity("p", "r"), new Note(Noise(2_000_000))));

        Assert.False(e.IsTransient);
    }

    [Fact]
    public void Old_value_is_upgraded_step_by_step()
    {
        var upgraded = new RowDocument<Note>(
            "note",
            one => new JsonObject { ["words"] = one["t"]!.GetValue<string>() },
            two => new JsonObject { ["text"] = two["words"]!.GetValue<string>() + "!" });
        Assert.Equal(3, upgraded.CurrentSchema);

        Assert.Equal(new Note("a!"), upgraded.Read(new TableEntity("p", "r") { ["note"] = """{"t":"a"}""", ["noteSchema"] = 1 }));
        Assert.Equal(new Note("a!"), upgraded.Read(new TableEntity("p", "r") { ["note"] = """{"words":"a"}""", ["noteSchema"] = 2 }));
        Assert.Equal(new Note("a"), upgraded.Read(new TableEntity("p", "r") { ["note"] = """{"text":"a"}""", ["noteSchema"] = 3 }));
    }

    [Fact]
    public void Value_of_a_newer_ModelFlow_is_refused_and_says_so()
    {
        var e = Assert.Throws<StorageException>(() => Document.Read(new TableEntity("p", "r") { ["note"] = """{"text":"a"}""", ["noteSchema"] = 2 }));

        Assert.Contains("newer ModelFlow", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damaged_value_names_its_row()
    {
        Assert.Contains("p/r", Assert.Throws<StorageException>(() => Document.Read(new TableEntity("p", "r") { ["note"] = "{", ["noteSchema"] = 1 })).Message, StringComparison.Ordinal);
        Assert.Contains("p/r", Assert.Throws<StorageException>(() => Document.Read(new TableEntity("p", "r"))).Message, StringComparison.Ordinal);
        Assert.Contains("p/r", Assert.Throws<StorageException>(() => Document.Read(new TableEntity("p", "r") { ["note0"] = new byte[] { 1, 2, 3 }, ["noteSchema"] = 1 })).Message, StringComparison.Ordinal);
    }

    // A megabyte of words, which compress; and of noise, which does not.
    private static string Text(int length) => string.Concat(Enumerable.Range(0, (length / 10) + 1).Select(i => $"Wört {i:D4} "))[..length];

    private static string Noise(int length)
    {
        var bytes = new byte[length];
        new Random(1).NextBytes(bytes);
        return Convert.ToBase64String(bytes);
    }

    private sealed record Note(string Text);
}
