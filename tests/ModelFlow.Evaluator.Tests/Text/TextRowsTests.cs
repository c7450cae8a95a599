using ModelFlow.Evaluator.Text;

namespace ModelFlow.Evaluator.Tests.Text;

public sealed class TextRowsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("modelflow-text-rows").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Read_threeKinds_areToldByTheirFields()
    {
        var rows = Read("""
            { "id": 1, "text": "é", "book": "Emma" }
            { "id": "q", "context": "a", "options": ["b", "c"], "label": 1, "book": "Emma" }

            { "prompt": "go", "book": "x" }
            """, "book");
        Assert.Equal(("1", 2, "Emma"), (rows.Passages[0].Id, rows.Passages[0].Bytes, rows.Passages[0].Slices[0]));
        Assert.Equal(("q", 1), (rows.Questions[0].Id, rows.Questions[0].Right));
        Assert.Equal(["go"], rows.Prompts);
    }

    [Theory]
    [InlineData("{", "line 1 is no JSON")]
    [InlineData("[]", "no JSON object")]
    [InlineData("""{ "x": 1 }""", "neither 'text'")]
    [InlineData("""{ "text": "" }""", "'text' must be")]
    [InlineData("""{ "text": 3 }""", "'text' must be")]
    [InlineData("""{ "context": "a", "options": ["b"], "label": 0 }""", "2 to 26")]
    [InlineData("""{ "context": "a", "options": ["b", "c"], "label": 2 }""", "0 to 1")]
    [InlineData("""{ "context": "a", "options": ["b", "c"] }""", "'label' must be")]
    [InlineData("""{ "options": ["b", "c"], "label": 0 }""", "no 'context'")]
    [InlineData("", "no rows")]
    public void Read_wrongRow_isRefusedWithItsLine(string content, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Read(content)).Message, StringComparison.Ordinal);

    [Fact]
    public void Read_sliceThatIsMissing_isRefused() =>
        Assert.Contains("'book'", Assert.Throws<InvalidDataException>(() => Read("""{ "text": "a" }""", "book")).Message, StringComparison.Ordinal);

    private TextRows Read(string content, params string[] slices)
    {
        var path = Path.Combine(_folder, "rows.jsonl");
        File.WriteAllText(path, content);
        return TextRows.Read(path, "label", slices);
    }
}
