using System.Globalization;

namespace ModelFlow.Core.Evaluation.Rows;

/// <summary>The rows of a data set in memory, column by column.</summary>
/// <param name="Rows">The number of rows, at least one.</param>
/// <param name="Columns">In the order of the file.</param>
public sealed record Table(int Rows, IReadOnlyList<Column> Columns)
{
    /// <summary>The column of this name; null if there is none.</summary>
    public Column? Find(string name) => Columns.FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.Ordinal));
}

/// <summary>One column: numbers or texts, one element a row or, in JSON Lines, an array of the same size in every row.</summary>
/// <param name="name">Its name.</param>
/// <param name="isText">Whether it is kept as it is written.</param>
public sealed class Column(string name, bool isText)
{
    private readonly List<double> _numbers = [];
    private readonly List<string> _texts = [];

    /// <summary>Its name.</summary>
    public string Name => name;

    /// <summary>Whether the elements are texts; a column of numbers becomes one of texts at the first element that is no number.</summary>
    public bool IsText { get; private set; } = isText;

    /// <summary>Elements a row.</summary>
    public int Width { get; set; } = 1;

    /// <summary>Sizes of the nested arrays of a row; empty for a plain value.</summary>
    public IReadOnlyList<int> Shape { get; set; } = [];

    /// <summary>Elements of all rows.</summary>
    public int Elements => IsText ? _texts.Count : _numbers.Count;

    /// <summary>Adds a cell of CSV: a number where it reads as one and the column is not of texts.</summary>
    public void AddCell(ReadOnlySpan<char> cell)
    {
        if (!IsText && double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var number))
        {
            Add(number);
        }
        else
        {
            Add(cell.ToString());
        }
    }

    /// <summary>Adds a number.</summary>
    public void Add(double number)
    {
        if (IsText)
        {
            _texts.Add(number.ToString("R", CultureInfo.InvariantCulture));
        }
        else
        {
            _numbers.Add(number);
        }
    }

    /// <summary>Adds a text.</summary>
    public void Add(string text)
    {
        if (!IsText)
        {
            IsText = true;
            _texts.AddRange(_numbers.Select(n => n.ToString("R", CultureInfo.InvariantCulture)));
            _numbers.Clear();
        }

        _texts.Add(text);
    }

    /// <summary>An element of a column of numbers.</summary>
    public double Number(int row, int element = 0) => _numbers[(row * Width) + element];

    /// <summary>An element as text.</summary>
    public string Text(int row, int element = 0) => IsText ? _texts[(row * Width) + element] : Number(row, element).ToString("R", CultureInfo.InvariantCulture);
}
