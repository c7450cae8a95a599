using ModelFlow.Core.Evaluation.Rows;
using ModelFlow.Evaluator.Data;

namespace ModelFlow.Evaluator.Tests.Data;

public sealed class TableReaderTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("modelflow-table").FullName;

    [Fact]
    public void Read_csv_numbersAndTexts()
    {
        var table = Read("a.csv", "id,label,x,city\n7,01,1.5,\"Bath, England\"\n8,1,-2e3,London\n", "id", "label");

        Assert.Equal(2, table.Rows);
        Assert.Equal("01", table.Find("label")!.Text(0));
        Assert.Equal(-2000, table.Find("x")!.Number(1));
        Assert.Equal("Bath, England", table.Find("city")!.Text(0));
    }

    [Fact]
    public void Read_columnThatTurnsToText_keepsItsNumbersAsText()
    {
        var table = Read("a.csv", "x\n1\n2.5\nnone\n");

        Assert.True(table.Find("x")!.IsText);
        Assert.Equal(["1", "2.5", "none"], Enumerable.Range(0, 3).Select(r => table.Find("x")!.Text(r)), StringComparer.Ordinal);
    }

    [Fact]
    public void Read_jsonLines_arraysRowByRow()
    {
        var table = Read("a.jsonl", """
            {"id": "a", "image": [[1,2,3],[4,5,6]], "label": 3, "flag": true, "meta": {"by": null}}

            {"label": 4, "image": [[7,8,9],[10,11,12]], "flag": false, "meta": null, "id": "b"}
            """);

        Assert.Equal(2, table.Rows);
        var image = table.Find("image")!;
        Assert.Equal(6, image.Width);
        Assert.Equal([2, 3], image.Shape);
        Assert.Equal(11, image.Number(1, 4));
        Assert.Equal("b", table.Find("id")!.Text(1));
        Assert.Equal(1, table.Find("flag")!.Number(0));
    }

    [Fact]
    public void Read_jsonLinesLabelKeptAsText_asWritten() =>
        Assert.Equal("3.0", Read("a.jsonl", """{"label": 3.0}""", "label").Find("label")!.Text(0));

    [Theory]
    [InlineData("a.csv", "", "")]
    [InlineData("a.csv", "x,y\n", "no rows")]
    [InlineData("a.csv", "x,y\n1\n", "row 1 has 1 fields, the header has 2")]
    [InlineData("a.csv", "x,y\n1,2,3\n", "row 1 has 3 fields, the header has 2")]
    [InlineData("a.csv", "x,x\n1,2\n", "'x' is there twice")]
    [InlineData("a.jsonl", "", "no rows")]
    [InlineData("a.jsonl", "{\"x\": 1}\n{\"x\":", "line 2 is no JSON")]
    [InlineData("a.jsonl", "[1]", "line 1: there is no JSON object")]
    [InlineData("a.jsonl", "{\"x\": 1}\n{\"y\": 1}", "line 2: the field 'y' is not in the first row")]
    [InlineData("a.jsonl", "{\"x\": 1, \"y\": 2}\n{\"y\": 1}", "line 2: a field of the first row is missing")]
    [InlineData("a.jsonl", "{\"x\": [1,2]}\n{\"x\": [1]}", "line 2: the field 'x' has the shape [1], in the first row it has [2]")]
    [InlineData("a.jsonl", "{\"x\": [[1,2],[3]]}", "of different sizes")]
    [InlineData("a.jsonl", "{\"x\": [1,[2]]}", "nested unevenly")]
    [InlineData("a.jsonl", "{\"x\": []}", "an empty array")]
    [InlineData("a.jsonl", "{\"x\": 1, \"x\": 2}", "is there twice")]
    [InlineData("a.txt", "x", ".csv or .jsonl")]
    public void Read_badFile_saysWhere(string name, string content, string reason) =>
        Assert.Contains(reason, Assert.Throws<InvalidDataException>(() => Read(name, content)).Message, StringComparison.Ordinal);

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private Table Read(string name, string content, params string[] texts)
    {
        var path = Path.Combine(_folder, name);
        File.WriteAllText(path, content);
        return TableReader.Read(path, texts.ToHashSet(StringComparer.Ordinal));
    }
}
