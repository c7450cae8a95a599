namespace ModelFlow.Evaluator.Data;

/// <summary>The rows of a data set in memory, column by column.</summary>
/// <param name="Rows">The number of rows, at least one.</param>
/// <param name="Columns">In the order of the file.</param>
internal sealed record Table(int Rows, IReadOnlyList<Column> Columns)
{
    public Column? Find(string name) => Columns.FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.Ordinal));
}

/// <summary>One column: numbers or texts, one element a row or, in JSON Lines, an array of the same size in every row.</summary>
internal sealed class Column(string name, bool isText)
{
    private readonly List<double> _numbers = [];
    private readonly List<string> _texts = [];

    public string Name => name;

    /// <summary>Whether the elements are texts; a column of numbers becomes one of texts at the first element that is no number.</summary>
    public bool IsText { get; private set; } = isText;

    /// <summary>Elements a row.</summary>
    public int Width { get; set; } = 1;

    /// <summary>Sizes of the nested arrays of a row; empty for a plain value.</summary>
    public IReadOnlyList<int> Shape { get; set; } = [];

    public int Elements => IsText ? _texts.Count : _numbers.Count;

    public void Add(double number)
    {
        if (IsText)
        {
            _texts.Add(number.ToString("R"));
        }
        else
        {
            _numbers.Add(number);
        }
    }

    public void Add(string text)
    {
        if (!IsText)
        {
            IsText = true;
            _texts.AddRange(_numbers.Select(n => n.ToString("R")));
            _numbers.Clear();
        }

        _texts.Add(text);
    }

    public double Number(int row, int element = 0) => _numbers[(row * Width) + element];

    public string Text(int row, int element = 0) => IsText ? _texts[(row * Width) + element] : Number(row, element).ToString("R");
}
